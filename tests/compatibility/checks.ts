import { setTimeout as delay } from 'node:timers/promises';
import type { Entity } from '@backstage/catalog-model';
import { Simulator } from '../../dev/simulator';
import { createClientCertificate } from '../../dev/simulator/certificates/client';
import { choosePort } from '../../dev/ports';
import { postgresUrl } from '../support/databases';
import { until } from '../support/until';
import { connectTo } from '../faults/stage/databases';
import {
  type Backend,
  type BackendOptions,
  runCommandLine,
  runScript,
  startBackend,
} from './backend';

/** What is looked at in one backend on one version of Node.js, in this order. */
export const CHECKS = [
  'start',
  'entities',
  'reader',
  'analyzer',
  'takeover',
  'removal',
  'guard',
  'approval',
  'command line',
  'certificate',
  'scm events',
] as const;
export type Check = (typeof CHECKS)[number];

export interface Findings {
  /** What was found wrong; a check that is not in it has passed. */
  readonly failures: Partial<Record<Check, string>>;
  /** From the start of the process to the first entity of the module's own in the catalog's API. */
  readonly firstEntitySeconds?: number;
}

const TOKEN = 'a-personal-access-token-of-the-compatibility-run';
const TENANT = 'aaaaaaaa-0000-4000-8000-00000000000a';
const APPLICATION = '12345678-1234-4234-8234-123456789abc';
/** More than the guard lets go without counting percentages. */
const SERVICES = 12;
const GIT = 'https://dev.azure.com/contoso/Payments/_git';
const DESCRIPTOR = '/catalog-info.yaml';

/** After so long, what was waited for does not come. */
const PATIENCE_MS = 90_000;

const service = (number: number) => `service-${number}`;

/** Runs the backend of one host on one Node.js through all that the module promises of it. */
export async function lookAt(host: {
  readonly directory: string;
  readonly node: string;
  /** Of its databases. */
  readonly prefix: string;
}): Promise<Findings> {
  const simulator = await Simulator.start();
  const options: BackendOptions & { readonly prefix: string } = {
    ...host,
    port: await choosePort(0),
    environment: simulator.environment,
    config: {},
  };
  const run = new Run(simulator, {
    ...options,
    config: configOf(options.port, host.prefix),
  });
  try {
    await run.all();
    return run;
  } finally {
    await run.stop();
    await simulator.close();
  }
}

class Run implements Findings {
  readonly failures: Partial<Record<Check, string>> = {};
  firstEntitySeconds?: number;
  readonly #simulator: Simulator;
  readonly #options: BackendOptions & { readonly prefix: string };
  #backend: Backend | undefined;

  constructor(
    simulator: Simulator,
    options: BackendOptions & { readonly prefix: string },
  ) {
    this.#simulator = simulator;
    this.#options = options;
    simulator.addPersonalAccessToken(TOKEN, { identity: 'backstage' });
    const contoso = simulator.addOrganization('contoso', { tenantId: TENANT });
    contoso.grant('backstage');
    const project = contoso.addProject('Payments');
    for (let number = 0; number < SERVICES; number++) {
      project.addRepository(service(number), {
        files: { [DESCRIPTOR]: component(service(number)) },
      });
    }
    project.addRepository('fresh', {
      files: { [DESCRIPTOR]: component('fresh') },
    });
    // Of no interest to the provider: other names of files.
    project.addRepository('elsewhere', {
      files: {
        '/docs/registered.yaml': component('registered'),
        '/docs/configured.yaml': component('configured'),
      },
    });
  }

  async all(): Promise<void> {
    const before = new Map<string, string>();
    await this.#check('start', async () => {
      await this.#fillWithLocations(before);
      await this.#start();
    });
    if (!this.#backend) return;
    await this.#check('entities', async () => {
      await this.#shows('fresh');
    });
    await this.#check('reader', async () => {
      await this.#shows('configured');
    });
    await this.#check('analyzer', async () => await this.#analyze());
    await this.#check('takeover', async () => await this.#takenOver(before));
    await this.#check('removal', async () => await this.#remove());
    await this.#check('guard', async () => await this.#holdBack());
    await this.#check('approval', async () => await this.#approve());
    await this.#check('command line', async () => await this.#doctor());
    await this.#check('certificate', async () => await this.#certificate());
    await this.#check('scm events', async () => await this.#publish());
  }

  async stop(): Promise<void> {
    await this.#backend?.stop();
    this.#backend = undefined;
  }

  async #check(name: Check, look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      const said = this.#backend?.output().split('\n').slice(-15).join('\n');
      this.failures[name] = `${(error as Error).message}\n${said ?? ''}`;
    }
  }

  /** What a catalog holds that Backstage's own module has filled. */
  async #fillWithLocations(uids: Map<string, string>): Promise<void> {
    const targets = Array.from(
      { length: SERVICES },
      (_, number) => `${GIT}/${service(number)}?path=${DESCRIPTOR}`,
    );
    const backend = await startBackend({
      ...this.#options,
      environment: {
        ...this.#options.environment,
        BEFORE_THE_MODULE: JSON.stringify(targets),
      },
    });
    try {
      const found = await until(
        'the entities of the Locations',
        async () => {
          const services = servicesIn(await backend.entities());
          return services.length === SERVICES && services;
        },
        PATIENCE_MS,
      );
      found.forEach(({ metadata }) =>
        uids.set(metadata.name, metadata.uid ?? ''),
      );
    } finally {
      await backend.stop();
    }
  }

  async #start(): Promise<void> {
    const started = Date.now();
    this.#backend = await startBackend(this.#options);
    await this.#shows('fresh');
    this.firstEntitySeconds = (Date.now() - started) / 1000;
  }

  async #analyze(): Promise<void> {
    const target = `${GIT}/elsewhere?path=/docs/registered.yaml`;
    const analyze = async () => {
      const { existingEntityFiles } = await this.#running.ask<{
        existingEntityFiles: Array<{
          isRegistered: boolean;
          entity: { metadata: { name: string } };
        }>;
      }>('/analyze-location', { location: { type: 'url', target } });
      return existingEntityFiles
        .map(
          ({ entity, isRegistered }) =>
            `${entity.metadata.name} ${isRegistered ? 'registered' : 'new'}`,
        )
        .join();
    };
    expectToBe(await analyze(), 'registered new');
    await this.#running.ask('/locations', { type: 'url', target });
    expectToBe(await analyze(), 'registered registered');
    await this.#shows('registered');
  }

  /** Each entity that a Location gave is the module's now, with the uid that it had. */
  async #takenOver(before: ReadonlyMap<string, string>): Promise<void> {
    const entities = await until(
      'the Locations to be gone',
      async () => {
        const all = await this.#running.entities();
        return !all.some(isLocationOfService) && all;
      },
      PATIENCE_MS,
    );
    const after = servicesIn(entities).map(
      ({ metadata }) => `${metadata.name} ${metadata.uid}`,
    );
    expectToBe(
      after.sort().join(),
      [...before]
        .map(([name, uid]) => `${name} ${uid}`)
        .sort()
        .join(),
    );
  }

  /** A file that is deleted takes its entity with it, and no other. */
  async #remove(): Promise<void> {
    this.#delete(0);
    const left = await this.#refreshUntil(
      'the entity of a deleted file to leave',
      async () => {
        const services = servicesIn(await this.#running.entities());
        return services.length < SERVICES && services;
      },
    );
    expectToBe(String(left.length), String(SERVICES - 1));
  }

  /** All the others go at once: too many to be believed. */
  async #holdBack(): Promise<void> {
    for (let number = 1; number < SERVICES; number++) {
      this.#delete(number);
    }
    await this.#refreshUntil('removals to be held back', () =>
      this.#running.output().includes(`${SERVICES - 1} removals held back`),
    );
    const left = servicesIn(await this.#running.entities());
    expectToBe(String(left.length), String(SERVICES - 1));
  }

  /** What was held back goes once it is approved, which is an action as well. */
  async #approve(): Promise<void> {
    const { actions } = await this.#running.ask<{
      actions: Array<{ name: string }>;
    }>('/.backstage/actions/v1/actions');
    const ours = actions.filter(({ name }) => name.includes('azure-devops'));
    expectToBe(String(ours.length > 0), 'true');

    const { providers } = await this.#running.ask<{
      providers: Array<{ heldBack: Array<{ id: string; count: number }> }>;
    }>('/azure-devops/status');
    const [set] = providers[0]!.heldBack;
    expectToBe(String(set?.count), String(SERVICES - 1));
    await this.#running.ask(`/azure-devops/held-back/${set?.id}/approve`, {});
    await until(
      'what was approved to be gone',
      async () => servicesIn(await this.#running.entities()).length === 0,
      PATIENCE_MS,
    );
  }

  async #doctor(): Promise<void> {
    const { code, output } = await runCommandLine(this.#options, 'doctor');
    if (code !== 0 || !output.includes('contoso')) {
      throw new Error(`doctor ended with ${code}:\n${output}`);
    }
  }

  /** With a certificate `doctor` passes where Backstage knows this kind; elsewhere it says what Backstage says. */
  async #certificate(): Promise<void> {
    const { certificate, pem } = createClientCertificate();
    const { identity } = this.#simulator.parts.entra.addApplication({
      tenantId: TENANT,
      clientId: APPLICATION,
      certificates: [certificate],
    });
    this.#simulator.organization('contoso').grant(identity);
    const azure = [
      {
        host: 'dev.azure.com',
        credentials: [
          {
            clientId: APPLICATION,
            clientCertificate: pem,
            tenantId: TENANT,
          },
        ],
      },
    ];
    const options = {
      ...this.#options,
      // It names the file of the configuration, which is another than the backend's.
      port: 0,
      config: { ...this.#options.config, integrations: { azure } },
    };
    const { code, output } = await runCommandLine(options, 'doctor');
    const backstage = await runScript(
      options,
      `const { ConfigReader } = require('@backstage/config');
       const { readAzureIntegrationConfigs } = require('@backstage/integration');
       const { azure } = JSON.parse(require('fs').readFileSync('app-config.0.yaml')).integrations;
       try {
         readAzureIntegrationConfigs(azure.map(each => new ConfigReader(each)));
       } catch (error) {
         console.log(error.message);
       }`,
    );
    const said = output.replace(/\s+/g, ' ');
    const isAsBackstage =
      backstage === ''
        ? code === 0 && said.includes('service principal (certificate)')
        : code === 1 && said.includes(backstage);
    if (!isAsBackstage) {
      throw new Error(
        `doctor ended with ${code}, and Backstage says '${backstage}':\n${output}`,
      );
    }
    console.error(
      `certificate: ${backstage || 'taken by Backstage, and doctor passes'}`,
    );
  }

  /** A change that a refresh finds has the catalog read a registered location of the same file at once; where Backstage has SCM events at all. */
  async #publish(): Promise<void> {
    if (!this.#running.output().includes('SCM events are listened to')) {
      return;
    }
    await this.stop();
    const { config } = this.#options;
    const url = `${GIT}/fresh?path=${DESCRIPTOR}`;
    this.#backend = await startBackend({
      ...this.#options,
      config: {
        ...config,
        catalog: {
          ...(config as { catalog: object }).catalog,
          // Nothing but the event has it read again.
          processingInterval: { hours: 12 },
          scmEvents: true,
          locations: [{ type: 'url', target: url }],
        },
      },
    });
    const knex = connectTo(this.#options.prefix);
    const nextReading = async () => {
      const row: { result_hash: string | null; next_update_at: Date } =
        await knex('refresh_state')
          .where('entity_ref', 'like', 'location:%')
          .andWhere('unprocessed_entity', 'like', `%"${url}"%`)
          .first();
      return row?.result_hash ? row.next_update_at.getTime() : undefined;
    };
    try {
      const before = await until(
        'the registered location to be read',
        async () => {
          const at = await nextReading();
          return at !== undefined && at > Date.now() + 3_600_000 && at;
        },
        PATIENCE_MS,
      );
      this.#simulator
        .organization('contoso')
        .project('Payments')
        .repository('fresh')
        .push({ files: { [DESCRIPTOR]: `# changed\n${component('fresh')}` } });
      await this.#refreshUntil('an SCM event that the catalog hears', () =>
        this.#running
          .output()
          .includes(
            `SCM event ${JSON.stringify({ type: 'location.updated', url })}`,
          ),
      );
      await until(
        'the registered location to be read again because of it',
        // Each reading sets another time for the next, hours ahead and by chance.
        async () => (await nextReading()) !== before,
        PATIENCE_MS,
      );
    } finally {
      await knex.destroy();
    }
  }

  #delete(number: number): void {
    this.#simulator
      .organization('contoso')
      .project('Payments')
      .repository(service(number))
      .push({ files: { [DESCRIPTOR]: null } });
  }

  /** A task that is running, or was just run, is triggered again later. */
  async #refreshUntil<T>(
    what: string,
    ask: () => Promise<T | false> | T | false,
  ): Promise<T> {
    return await until(
      what,
      async () => {
        await this.#running.refresh().catch(() => {});
        await delay(250);
        return await ask();
      },
      PATIENCE_MS,
    );
  }

  async #shows(name: string): Promise<void> {
    await until(
      `component:default/${name} in the catalog`,
      async () =>
        (await this.#running.entities()).some(
          ({ kind, metadata }) =>
            kind === 'Component' && metadata.name === name,
        ),
      PATIENCE_MS,
    );
  }

  get #running(): Backend {
    if (!this.#backend) throw new Error('The backend does not run');
    return this.#backend;
  }
}

function servicesIn(entities: readonly Entity[]): Entity[] {
  return entities.filter(({ metadata }) =>
    metadata.name.startsWith('service-'),
  );
}

function isLocationOfService({ kind, spec }: Entity): boolean {
  return kind === 'Location' && String(spec?.target).includes('/service-');
}

function expectToBe(actual: string, expected: string): void {
  if (actual !== expected) {
    throw new Error(`Expected ${expected}, got ${actual}`);
  }
}

function component(name: string): string {
  return [
    'apiVersion: backstage.io/v1alpha1',
    'kind: Component',
    `metadata: { name: ${name} }`,
    'spec: { type: service, lifecycle: production, owner: team-a }',
    '',
  ].join('\n');
}

function configOf(port: number, prefix: string): object {
  return {
    app: { baseUrl: `http://127.0.0.1:${port}` },
    backend: {
      baseUrl: `http://127.0.0.1:${port}`,
      listen: { host: '127.0.0.1', port },
      auth: { dangerouslyDisableDefaultAuthPolicy: true },
      database: { client: 'pg', connection: postgresUrl(), prefix },
    },
    integrations: {
      azure: [
        {
          host: 'dev.azure.com',
          credentials: [{ personalAccessToken: TOKEN }],
        },
      ],
    },
    catalog: {
      processingInterval: { seconds: 5 },
      locations: [
        { type: 'url', target: `${GIT}/elsewhere?path=/docs/configured.yaml` },
      ],
      providers: {
        azureDevOps: {
          main: {
            organization: 'contoso',
            // Every refresh looks at every repository.
            verifyEvery: { milliseconds: 1 },
            schedule: {
              frequency: { minutes: 30 },
              timeout: { minutes: 5 },
              scope: 'local',
            },
          },
        },
      },
    },
  };
}
