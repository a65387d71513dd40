import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  Authenticator,
  AzureDevOpsService,
  gitRoutes,
  type PersonalAccessToken,
  type PersonalAccessTokenOptions,
} from './azure-devops';
import { CertificateAuthority } from './certificates/authority';
import { controlServer } from './control';
import { Doors, type Arrival } from './doors';
import { Entra } from './entra';
import { FaultRegistry, type FaultOptions, type InjectedFault } from './faults';
import { ServiceHooks } from './hooks';
import { Limiter, type LimiterOptions } from './limiter';
import { limiterHook } from './limiter-hook';
import {
  BlobStore,
  Organizations,
  type Organization,
  type OrganizationOptions,
  type World,
} from './model';
import { Pipeline } from './pipeline';
import { connectProxy, plainAnswer } from './proxy';
import { RequestLog } from './requests';
import { CodeSearch } from './search';
import type { LimiterHook } from './seams';

type Ports = Record<'proxy' | 'server' | 'control' | 'metadata', number>;

export interface SimulatorOptions {
  /** The simulator's time in milliseconds since 1970. Default: the system's. */
  readonly clock?: () => number;
  /** Milliseconds of the simulator's clock that go by in one real millisecond. Default 1. */
  readonly timeScale?: number;
  /** The rate limit of Azure DevOps Services. Default: none. */
  readonly limiter?: LimiterOptions;
  /** How many requests are kept in full. Default 10,000. */
  readonly logCapacity?: number;
}

/** The parts beside Git, to be changed while the simulator runs. */
interface Parts {
  readonly entra: Entra;
  readonly search: CodeSearch;
  readonly hooks: ServiceHooks;
}

/** Azure DevOps, Entra and the metadata service of a machine, on loopback. */
export class Simulator {
  readonly organizations: Organizations;
  readonly requests: RequestLog;
  readonly faults: FaultRegistry;
  readonly parts: Parts;
  readonly #world: World;
  readonly #authority: CertificateAuthority;
  readonly #authenticator: Authenticator;
  readonly #azureDevOps: AzureDevOpsService;
  readonly #pipeline: Pipeline;
  readonly #doors: Doors;
  #listening: Ports = { proxy: 0, server: 0, control: 0, metadata: 0 };

  private constructor(
    authority: CertificateAuthority,
    options: SimulatorOptions,
  ) {
    this.#authority = authority;
    this.#world = {
      now: options.clock ?? Date.now,
      blobs: new BlobStore(),
      emit: event => this.parts.hooks.emit(event),
    };
    this.organizations = new Organizations(this.#world);
    this.requests = new RequestLog(options.logCapacity ?? 10_000);
    this.faults = new FaultRegistry();
    this.#doors = new Doors();
    this.#pipeline = new Pipeline(this.requests, this.faults, () => this.now());
    const now = () => this.now();
    const entra = new Entra({ now, newId: () => randomUUID() });
    const search = new CodeSearch(now);
    const hooks = new ServiceHooks(now);
    this.parts = { entra, search, hooks };
    this.#authenticator = new Authenticator(entra.bearer.authenticate);
    this.#azureDevOps = new AzureDevOpsService(
      this.organizations,
      this.#authenticator,
      [...gitRoutes(), ...search.routes(), ...hooks.routes()],
    );
    if (options.limiter) {
      const limiter = new Limiter(options.limiter);
      this.useLimiter(
        limiterHook({ limiter, now, timeScale: options.timeScale }),
      );
    }
    // Azure DevOps is asked last: it takes whatever path its hosts are asked for.
    this.#pipeline.add(entra.authority);
    this.#pipeline.add(entra.metadata);
    this.#pipeline.add(this.#azureDevOps);
  }

  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    // Where `ca.pem` is, or is made.
    const directory =
      process.env['SIMULATOR_CA_DIRECTORY'] ??
      join(process.cwd(), '.cache', 'ca');
    const simulator = new Simulator(
      await CertificateAuthority.ensure(directory),
      options,
    );
    await simulator.#listen();
    return simulator;
  }

  /** The proxy, for `HTTPS_PROXY`. */
  get proxyUrl(): string {
    return `http://127.0.0.1:${this.#listening.proxy}`;
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
    };
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

  /** Puts something around every authenticated request to Azure DevOps: the rate limit, or a test's own. */
  useLimiter(limiter: LimiterHook): void {
    this.#azureDevOps.useLimiter(limiter);
  }

  async close(): Promise<void> {
    await this.parts.hooks.close();
    await this.#doors.close();
  }

  async #listen(): Promise<void> {
    const handle = (arrival: Arrival) => void this.#pipeline.handle(arrival);
    const doors = this.#doors;
    const tunnels = doors.secure('cloud', this.#authority, handle);
    const proxy = connectProxy({
      tunnels,
      answerInstead: host =>
        this.faults.strikesConnection(host)
          ? plainAnswer(
              '502 Bad Gateway',
              `The name of the host ${host} could not be resolved.`,
            )
          : undefined,
    });
    const server = doors.secure('server', this.#authority, handle);
    this.#listening = {
      proxy: await doors.listen(proxy),
      server: await doors.listen(server),
      control: await doors.listen(controlServer(this)),
      metadata: await doors.listen(doors.plain('metadata', handle)),
    };
  }
}
