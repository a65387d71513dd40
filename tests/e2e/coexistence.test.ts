import { problemsIn } from '../support/logs';
import { until } from '../support/until';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from './support';

const TARGET =
  'https://dev.azure.com/contoso/P/_git/shared?path=/catalog-info.yaml';

describe('a static location and the provider on one file', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage();
  });
  afterAll(async () => {
    await stage.stop();
  });

  it('give one entity, which keeps its uid while both are read again, and no warning', async () => {
    const project = addReadableOrganization(
      stage.simulator,
      'contoso',
    ).addProject('P');
    project.addRepository('shared', {
      files: { '/catalog-info.yaml': component('shared') },
    });
    project.addRepository('other', {
      files: { '/catalog-info.yaml': component('other') },
    });
    const catalog = await stage.catalog({
      providers: { main: { organization: 'contoso' } },
      catalog: {
        locations: [{ type: 'url', target: TARGET }],
        processingInterval: { seconds: 3 },
      },
    });
    const first = await until('the static location to be read', () =>
      find('shared'),
    );
    const processed = await timesProcessed();
    // Both give the entity of the file in turn, several times.
    for (let round = 1; round <= 3; round++) {
      expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
      await until('the location to be processed again', async () => {
        const now = await timesProcessed();
        return now >= processed + round;
      });
      expect(await find('shared')).toMatchObject({
        metadata: { uid: first.metadata.uid },
      });
    }
    await catalog.settled();
    expect(
      (await catalog.entities({ kind: 'component' })).map(e => e.metadata.name),
    ).toEqual(expect.arrayContaining(['other', 'shared']));
    expect(problemsIn(catalog.logs)).toEqual([]);

    async function find(name: string) {
      const [entity] = await catalog.entities({
        kind: 'component',
        'metadata.name': name,
      });
      return entity;
    }
    /** Each processing of the location asks for its file. */
    async function timesProcessed() {
      return stage.simulator.requests
        .list({ endpoint: 'items' })
        .filter(({ repository }) => repository === 'shared').length;
    }
  });
});
