import { join } from 'node:path';
import {
  Authenticator,
  AzureDevOpsService,
  gitRoutes,
  type PersonalAccessToken,
  type PersonalAccessTokenOptions,
} from './azure-devops';
import { CertificateAuthority } from './certificates/authority';
import { Control } from './control';
import { Doors, type Arrival } from './doors';
import { FaultRegistry, type FaultOptions, type InjectedFault } from './faults';
import type { SimulatedService } from './http';
import {
  BlobStore,
  Identities,
  Organizations,
  type Organization,
  type OrganizationOptions,
  type World,
} from './model';
import type { SimulatorOptions } from './options';
import { installParts, type Parts } from './parts';
import { Pipeline } from './pipeline';
import {
  connectProxy,
  plainAnswer,
  type ProxyCounters,
  type ProxyOptions,
} from './proxy';
import { seededRandom } from './random';
import { RequestLog } from './requests';
import type { BearerAuthentication, EndpointRoute, LimiterHook } from './seams';

interface Listening {
  readonly proxy: number;
  readonly server: number;
  readonly control: number;
  readonly metadata: number;
}

export type { SimulatorOptions } from './options';

/** Azure DevOps, Entra and the metadata service of a machine, on loopback. */
export class Simulator {
  readonly organizations: Organizations;
  readonly identities: Identities;
  readonly requests: RequestLog;
  readonly faults: FaultRegistry;
  /** The parts beside Git: Entra, search, the limiter. */
  readonly parts: Parts;
  readonly #world: World;
  readonly #authority: CertificateAuthority;
  readonly #authenticator: Authenticator;
  readonly #azureDevOps: AzureDevOpsService;
  readonly #pipeline: Pipeline;
  readonly #doors: Doors;
  readonly #proxyCounters: ProxyCounters = { connects: 0, refused: 0 };
  readonly #proxyOptions: ProxyOptions;
  #listening: Listening = { proxy: 0, server: 0, control: 0, metadata: 0 };

  private constructor(
    authority: CertificateAuthority,
    options: SimulatorOptions,
  ) {
    this.#authority = authority;
    this.#world = {
      now: options.clock ?? Date.now,
      blobs: new BlobStore(),
      identities: new Identities(),
    };
    this.identities = this.#world.identities;
    this.organizations = new Organizations(this.#world);
    this.requests = new RequestLog(options.logCapacity ?? 10_000);
    this.faults = new FaultRegistry(seededRandom(options.seed ?? 1));
    this.#proxyOptions = options.proxy ?? {};
    this.#doors = new Doors({ keepAliveMs: options.keepAliveMs ?? 65_000 });
    this.#pipeline = new Pipeline(this.requests, this.faults, () => this.now());
    this.#authenticator = new Authenticator(this.identities, () => this.now());
    this.#azureDevOps = new AzureDevOpsService(
      this.organizations,
      this.#authenticator,
    );
    for (const route of gitRoutes()) {
      this.addEndpoint(route);
    }
    this.parts = installParts(this, options);
    this.#pipeline.add(this.#azureDevOps);
  }

  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    const directory =
      options.caDirectory ??
      process.env['SIMULATOR_CA_DIRECTORY'] ??
      join(process.cwd(), '.cache', 'ca');
    const simulator = new Simulator(
      await CertificateAuthority.ensure(directory),
      options,
    );
    await simulator.#listen(options.ports ?? {});
    return simulator;
  }

  /** The proxy, for `HTTPS_PROXY`; with the credentials that it asks for, if it does. */
  get proxyUrl(): string {
    const { credentials } = this.#proxyOptions;
    const user = credentials
      ? `${encodeURIComponent(credentials.username)}:${encodeURIComponent(credentials.password)}@`
      : '';
    return `http://${user}127.0.0.1:${this.#listening.proxy}`;
  }

  /** Azure DevOps Server; a collection follows, with its virtual directory if it has one. */
  get serverUrl(): string {
    return `https://${this.serverHost}`;
  }

  /** The Server's host with its port, as configurations name it. */
  get serverHost(): string {
    return `localhost:${this.#listening.server}`;
  }

  /** The control interface, for other processes. */
  get controlUrl(): string {
    return `http://127.0.0.1:${this.#listening.control}`;
  }

  /** The metadata service, for `AZURE_POD_IDENTITY_AUTHORITY_HOST`. */
  get metadataUrl(): string {
    return `http://127.0.0.1:${this.#listening.metadata}`;
  }

  get caCertificatePath(): string {
    return this.#authority.certificatePath;
  }

  /** What a process needs in its environment, when it starts, to reach the simulator instead of the world. */
  get environment(): Record<string, string> {
    return {
      HTTPS_PROXY: this.proxyUrl,
      NO_PROXY: 'localhost,127.0.0.1',
      NODE_EXTRA_CA_CERTS: this.caCertificatePath,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: this.metadataUrl,
      SIMULATOR_CONTROL_URL: this.controlUrl,
    };
  }

  /** How often the proxy was asked for a tunnel, and how often it refused. */
  get proxyCounters(): Readonly<ProxyCounters> {
    return { ...this.#proxyCounters };
  }

  /** Connections that are open now, at all doors. */
  get openConnections(): number {
    return this.#doors.connections;
  }

  /** Milliseconds since 1970 on the simulator's clock. */
  now(): number {
    return this.#world.now();
  }

  addOrganization(name: string, options?: OrganizationOptions): Organization {
    return this.organizations.add(name, options);
  }

  /** The organization or collection of this name, without regard to case. */
  organization(name: string): Organization {
    const found = this.organizations.find(name);
    if (!found) {
      throw new Error(`The simulator has no organization '${name}'`);
    }
    return found;
  }

  /** From now on it is found under the new name alone. */
  renameOrganization(name: string, newName: string): void {
    this.organizations.rename(this.organization(name), newName);
  }

  removeOrganization(name: string): void {
    this.organizations.remove(this.organization(name));
  }

  /** Makes a personal access token, or gives one of this text another meaning. Its `state` can be changed later. */
  addPersonalAccessToken(
    token: string,
    options: PersonalAccessTokenOptions,
  ): PersonalAccessToken {
    return this.#authenticator.add(token, options);
  }

  personalAccessToken(token: string): PersonalAccessToken {
    const found = this.#authenticator.token(token);
    if (!found) {
      throw new Error('The simulator has no such personal access token');
    }
    return found;
  }

  inject(options: FaultOptions): InjectedFault {
    return this.faults.inject(options);
  }

  /** Cuts every connection that is open now. */
  resetConnections(): void {
    this.#doors.reset();
  }

  /** A service that is asked before Azure DevOps, after those that were added earlier. */
  addService(service: SimulatedService): void {
    this.#pipeline.add(service);
  }

  /** An endpoint of Azure DevOps beside those around Git. */
  addEndpoint(route: EndpointRoute): void {
    this.#azureDevOps.addEndpoint(route);
  }

  useBearerAuthentication(authentication: BearerAuthentication): void {
    this.#authenticator.useBearer(authentication);
  }

  useLimiter(limiter: LimiterHook): void {
    this.#azureDevOps.useLimiter(limiter);
  }

  async close(): Promise<void> {
    await this.#doors.close();
  }

  async #listen(ports: NonNullable<SimulatorOptions['ports']>): Promise<void> {
    const handle = (arrival: Arrival) => void this.#pipeline.handle(arrival);
    const doors = this.#doors;
    const tunnels = doors.secure('cloud', this.#authority, handle);
    const proxy = connectProxy({
      tunnels,
      proxy: this.#proxyOptions,
      counters: this.#proxyCounters,
      refuse: host =>
        this.faults.strikeConnection(host) &&
        plainAnswer(
          '502 Bad Gateway',
          `The name of the host ${host} could not be resolved.`,
        ),
    });
    const server = doors.secure('server', this.#authority, handle);
    const control = new Control(this);
    this.#listening = {
      proxy: await doors.listen(proxy, ports.proxy ?? 0),
      server: await doors.listen(server, ports.server ?? 0),
      control: await doors.listen(control.server, ports.control ?? 0, {
        survivesReset: true,
      }),
      metadata: await doors.listen(
        doors.plain('metadata', handle),
        ports.metadata ?? 0,
      ),
    };
  }
}
