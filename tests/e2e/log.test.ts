import { problemsIn } from '../support/logs';
import { until } from '../support/until';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from './support';

describe('the log', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await setStage();
  });
  afterEach(async () => await stage.stop());

  it('has after a refresh what was found, skipped and read, and only once which entities are defined twice', async () => {
    const organization = addReadableOrganization(stage.simulator, 'contoso');
    const project = organization.addProject('P');
    const descriptor = (name: string) => ({
      files: { '/catalog-info.yaml': component(name) },
    });
    project.addRepository('first', descriptor('same'));
    project.addRepository('second', descriptor('same'));
    project.addRepository('off', descriptor('off')).disable();
    project.addRepository('empty');
    const catalog = await stage.catalog({
      providers: { main: { organization: 'contoso' } },
    });
    const lines = (level: string) =>
      catalog.logs
        .splice(0)
        .filter(line => line.level === level)
        .map(({ message }) => message);

    await catalog.refresh();
    const [first] = problemsIn(catalog.logs);
    expect(first?.message).toMatch(
      /^component:default\/same is defined by https:\S*_git\/first\S*, which is in the catalog, and by https:\S*_git\/second/,
    );
    expect(lines('info')).toContain(
      'dev.azure.com/contoso: 4 repositories; 2 skipped (disabled: 1, empty: 1); 2 read (new: 2)',
    );

    await catalog.refresh();
    expect(lines('warn')).toEqual([]);

    // The other one gives it now, and a third is left out.
    project.repository('first').delete();
    project.addRepository('third', descriptor('same'));
    await catalog.refresh();
    expect(lines('warn')).toEqual([
      expect.stringMatching(/_git\/second\S*, which is in the catalog/),
    ]);
  });

  it('has one line where no provider is configured, with what is, and one for a key that nobody reads', async () => {
    const { logs, baseUrl } = await stage.catalog({
      catalog: { azureDevOps: { urlreader: { enabled: false } } },
    });
    const tasks = `${baseUrl}/api/catalog/.backstage/scheduler/v1/tasks`;
    await until('the catalog to have scheduled its tasks', async () => {
      const response = await fetch(tasks);
      const body = (await response.json()) as { tasks: unknown[] };
      return body.tasks.length > 0;
    });
    expect(
      logs
        .map(({ message }) => message)
        .filter(message => message.includes('catalog.providers')),
    ).toEqual([
      'Nothing stands under `catalog.providers.azureDevOps`, so that nothing is ingested from Azure DevOps; besides, `catalog.providers` has nothing',
    ]);
    expect(problemsIn(logs).map(({ message }) => message)).toEqual([
      'Unknown key `catalog.azureDevOps.urlreader`; did you mean `urlReader`? (it has no effect)',
    ]);
  });
});
