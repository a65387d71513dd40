import {
  addReadableOrganization,
  component,
  IDENTITY,
  setStage,
  type Stage,
} from './support';

describe('the requests of a first refresh', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage();
  });
  afterAll(async () => {
    await stage.stop();
  });

  it('are one for the list, one for each selected repository, and one to discover the interface', async () => {
    const { simulator } = stage;
    const sizes = { contoso: 40, fabrikam: 25 };
    for (const [name, size] of Object.entries(sizes)) {
      const project = addReadableOrganization(simulator, name).addProject('P');
      for (let i = 0; i < size; i++) {
        project.addRepository(`r${i}`, {
          files:
            i % 5 === 0
              ? { '/README.md': '# nothing here\n' }
              : { '/catalog-info.yaml': component(`${name}-${i}`) },
        });
      }
      project.addRepository('disabled', {
        disabled: true,
        files: { '/catalog-info.yaml': component(`${name}-disabled`) },
      });
      project.addRepository('empty');
      project.addRepository('skipped-by-name', {
        files: { '/catalog-info.yaml': component(`${name}-skipped`) },
      });
    }
    const catalog = await stage.catalog({
      providers: {
        main: {
          organizations: Object.keys(sizes),
          exclude: { repository: 'skipped-*' },
        },
      },
    });
    simulator.requests.reset();
    const report = await catalog.refresh();

    expect(report).toMatchObject({ outcome: 'complete', entities: 32 + 20 });
    for (const [organization, selected] of Object.entries(sizes)) {
      expect({
        organization,
        repositories: simulator.requests.count({
          organization,
          endpoint: 'repositories',
        }),
        items: simulator.requests.count({ organization, endpoint: 'items' }),
        discovery: simulator.requests.count({
          organization,
          method: 'OPTIONS',
        }),
        all: simulator.requests.count({ organization }),
        byOthers:
          simulator.requests.count({ organization }) -
          simulator.requests.count({ organization, identity: IDENTITY }),
      }).toEqual({
        organization,
        repositories: 1,
        items: selected,
        discovery: 1,
        all: selected + 2,
        byOthers: 0,
      });
    }

    // And nothing is read again by the catalog afterwards.
    await catalog.settled();
    const after = simulator.requests.count({});
    const entities = await catalog.entities({ kind: 'component' });
    expect(entities).toHaveLength(52);
    expect(simulator.requests.count({})).toBe(after);
  });
});
