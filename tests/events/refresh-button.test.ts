import type { Entity } from '@backstage/catalog-model';
import type { Project } from '../../dev/simulator';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from '../e2e/support';
import type { TestCatalog } from '../support/backend';
import { DATABASES, type DatabaseKind } from '../support/databases';
import { until } from '../support/until';
import { ProcessingWatch } from '../url-reader/processing';

const LONG = process.env['LONG_TESTS'] !== undefined;
/** How often somebody presses it. */
const PRESSES = LONG ? 50 : 2;
/** The catalog processes an entity every 100 to 150 s. */
const INTERVALS_OF_AN_HOUR = 29;

const api = (text: string) =>
  [
    'apiVersion: backstage.io/v1alpha1',
    'kind: API',
    `metadata: {name: api, title: ${text}}`,
    'spec:',
    '  type: openapi',
    '  lifecycle: production',
    '  owner: team',
    '  definition: {$text: ./openapi.yaml}',
  ].join('\n');

/** A Location of ours, whose targets the catalog reads itself. */
const location = [
  'apiVersion: backstage.io/v1alpha1',
  'kind: Location',
  'metadata: {name: parts}',
  'spec: {targets: [./parts.yaml]}',
].join('\n');

describe.each<DatabaseKind>(DATABASES)(
  'the refresh button of the catalog, without events, on %s,',
  database => {
    let stage: Stage;
    let payments: Project;
    let catalog: TestCatalog;
    const watch = new ProcessingWatch();

    beforeAll(async () => {
      stage = await setStage();
      const contoso = addReadableOrganization(stage.simulator, 'contoso');
      payments = contoso.addProject('Payments');
      payments.addRepository('api', {
        files: {
          'catalog-info.yaml': api('before'),
          'openapi.yaml': 'before',
        },
      });
      payments.addRepository('parts', {
        files: {
          'catalog-info.yaml': location,
          'parts.yaml': component('part'),
        },
      });
      payments.addRepository('broken', {
        files: { 'catalog-info.yaml': 'kind: [' },
      });
      catalog = await stage.catalog({
        database,
        features: [watch.feature],
        providers: { main: { organization: 'contoso' } },
        // The catalog's own intervals come when the test wants them.
        catalog: { processingInterval: { hours: 100 } },
      });
      await catalog.refresh();
      await until('all to be in the catalog', async () => {
        const shown = await catalog.entities();
        // The two of 'parts', the API, and the Location of the broken file.
        return shown.length === 4;
      });
    });
    afterAll(async () => await stage.stop());

    const sent = () =>
      stage.simulator.requests
        .list()
        .filter(({ endpoint }) => endpoint !== 'locations');

    async function press(entityRef: string): Promise<number> {
      const { status } = await fetch(`${catalog.baseUrl}/api/catalog/refresh`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ entityRef }),
      });
      return status;
    }

    /** Changes something, presses, and waits: in seconds. */
    async function timed(
      act: () => void,
      entityRef: string,
      isDone: (entity: Entity | undefined) => boolean,
    ): Promise<number> {
      act();
      const startedAt = performance.now();
      expect(await press(entityRef)).toBe(200);
      await until(`${entityRef} to be as it is in its repository`, async () =>
        isDone(await catalog.client.getEntityByRef(entityRef)),
      );
      return (performance.now() - startedAt) / 1_000;
    }

    it(`brings a changed descriptor, and a changed \`$text\`, ${PRESSES} times of ${PRESSES}`, async () => {
      const repository = payments.repository('api');
      const descriptors: number[] = [];
      const texts: number[] = [];
      for (let i = 0; i < PRESSES; i++) {
        descriptors.push(
          await timed(
            () =>
              repository.push({ files: { 'catalog-info.yaml': api(`v${i}`) } }),
            'api:default/api',
            entity => entity?.metadata.title === `v${i}`,
          ),
        );
        texts.push(
          await timed(
            () => repository.push({ files: { 'openapi.yaml': `v${i}` } }),
            'api:default/api',
            entity => entity?.spec?.['definition'] === `v${i}`,
          ),
        );
      }
      if (LONG) {
        process.stdout.write(
          `refresh button on ${database}: changed entity ${summary(descriptors)}; changed $text ${summary(texts)}\n`,
        );
      }
      expect([descriptors.length, texts.length]).toEqual([PRESSES, PRESSES]);
    });

    it('costs two requests where nothing has changed; where the entity names files, one more and one for each', async () => {
      const before = sent().length;
      expect(await press('API:Default/API')).toBe(200);
      const seen = () =>
        sent()
          .slice(before)
          .map(({ endpoint, url }) =>
            url.includes('openapi.yaml') ? 'openapi.yaml' : endpoint,
          )
          .sort();
      await until('four requests', () => seen().length >= 4);
      await until(
        'the repository to be looked at',
        async () => (await catalog.knex('azure_devops_due')).length === 0,
      );
      await watch.settled(catalog);
      expect(seen()).toEqual([
        'items',
        'openapi.yaml',
        'repository',
        'repository',
      ]);
    });

    it('need not be told from the processing of the catalog by itself, which causes no request', async () => {
      const before = sent().length;
      await watch.processAgain(catalog, 'api:');
      await watch.processAgain(catalog, 'component:');
      expect(sent().slice(before)).toEqual([]);
      expect(await catalog.knex('azure_devops_due')).toEqual([]);
    });

    it('on what a Location of a repository gives, reads the targets of the Location anew', async () => {
      await timed(
        () =>
          payments.repository('parts').push({
            files: {
              'parts.yaml': component('part').replace(
                'production',
                'experimental',
              ),
            },
          }),
        'component:default/part',
        entity => entity?.spec?.['lifecycle'] === 'experimental',
      );
    });

    it('on the Location that shows what is wrong with a file, looks whether it was mended', async () => {
      const [{ metadata }] = (
        await catalog.entities({
          kind: 'Location',
          'metadata.namespace': 'default',
        })
      ).filter(it => it.metadata.name !== 'parts') as [Entity];
      payments
        .repository('broken')
        .push({ files: { 'catalog-info.yaml': component('mended') } });
      expect(await press(`location:default/${metadata.name}`)).toBe(200);
      await until(
        'the mended entity',
        async () =>
          (await catalog.client.getEntityByRef('component:default/mended')) !==
          undefined,
      );
    });

    it('makes nothing due, and causes no request, where the catalog answers 404 or 400', async () => {
      const before = sent().length;
      expect(await press('component:default/nobody-has-it')).toBe(404);
      expect(await press('')).toBe(404);
      const response = await fetch(`${catalog.baseUrl}/api/catalog/refresh`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{',
      });
      expect(response.status).toBe(400);
      expect(sent().slice(before)).toEqual([]);
      expect(await catalog.knex('azure_devops_due')).toEqual([]);
    });
  },
);

describe('where one replica answers requests and another processes,', () => {
  it('the refresh button of the one has the other read a `$text` anew', async () => {
    const stage = await setStage();
    try {
      const contoso = addReadableOrganization(stage.simulator, 'contoso');
      const repository = contoso.addProject('Payments').addRepository('api', {
        files: {
          'catalog-info.yaml': api('before'),
          'openapi.yaml': 'before',
        },
      });
      const providers = { main: { organization: 'contoso' } };
      const processes = await stage.catalog({
        database: 'postgres',
        providers,
        catalog: { processingInterval: { hours: 100 } },
      });
      const definition = async () =>
        (await processes.client.getEntityByRef('api:default/api'))?.spec?.[
          'definition'
        ];
      await processes.refresh();
      await until('the API', async () => (await definition()) === 'before');
      const answers = await stage.catalog({
        database: 'postgres',
        databasePrefix: processes.databasePrefix,
        providers,
        catalog: { processingInterval: false },
      });
      for (const text of ['first', 'second']) {
        repository.push({ files: { 'openapi.yaml': text } });
        await answers.client.refreshEntity('api:default/api');
        await until(
          'the changed text',
          async () => (await definition()) === text,
        );
      }
      await answers.stop({ keepDatabase: true });
    } finally {
      await stage.stop();
    }
  });
});

// Above is one interval; an hour of them, of 1,000 entities each, takes a minute.
(LONG ? describe : describe.skip)('an hour of ordinary processing', () => {
  it('of 1,000 entities causes no request beyond the refreshes’ own', async () => {
    const stage = await setStage();
    const watch = new ProcessingWatch();
    try {
      const contoso = addReadableOrganization(stage.simulator, 'contoso');
      const project = contoso.addProject('Payments');
      for (let i = 0; i < 1_000; i++) {
        project.addRepository(`r${i}`, {
          files: { 'catalog-info.yaml': component(`c${i}`) },
        });
      }
      const catalog = await stage.catalog({
        features: [watch.feature],
        providers: { main: { organization: 'contoso' } },
        catalog: { processingInterval: { hours: 100 } },
      });
      await catalog.refresh();
      await watch.settled(catalog);
      const before = stage.simulator.requests.list().length;
      for (let i = 0; i < INTERVALS_OF_AN_HOUR; i++) {
        await watch.processAgain(catalog);
      }
      expect(stage.simulator.requests.list().slice(before)).toEqual([]);
      expect(await catalog.knex('azure_devops_due')).toEqual([]);
    } finally {
      await stage.stop();
    }
  });
});

function summary(seconds: readonly number[]): string {
  const sorted = [...seconds].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  return `median ${median?.toFixed(1)} s, worst ${sorted.at(-1)?.toFixed(1)} s of ${sorted.length}`;
}
