import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from '../../e2e/support';
import type { Refreshed, TestCatalog } from '../../support/backend';

const PROJECTS = 3;

describe('a backend with Code Search', () => {
  let stage: Stage;
  let catalog: TestCatalog;
  let organization: ReturnType<typeof addReadableOrganization>;
  const refresh = async () => {
    stage.simulator.requests.reset();
    const report = await catalog.refresh();
    return { report, requests: stage.simulator.requests.count({}) };
  };
  const hinted = (report: Refreshed) =>
    report.organizations[0]?.probes.reasons['hinted'] ?? 0;

  beforeAll(async () => {
    stage = await setStage();
    organization = addReadableOrganization(stage.simulator, 'contoso');
    for (let i = 0; i < PROJECTS; i++) {
      const project = organization.addProject(`p${i}`);
      for (let j = 0; j < 20; j++) {
        project.addRepository(`r${j}`, {
          files: { '/catalog-info.yaml': component(`c${i}-${j}`) },
        });
      }
    }
    catalog = await stage.catalog({
      providers: { main: { organization: 'contoso' } },
    });
    await refresh();
  });
  afterAll(async () => {
    await stage.stop();
  });

  it('reads nothing again because it was pushed before the first refresh', async () => {
    for (let i = 0; i < 3; i++) {
      const { report, requests } = await refresh();
      expect(report.outcome).toBe('complete');
      expect(hinted(report)).toBe(0);
      expect(report.organizations[0]?.hints).toMatchObject({
        state: 'asked',
        named: 0,
      });
      // The list, a search, and the one repository whose turn it may be so soon.
      expect(requests).toBeLessThanOrEqual(1 + 1 + 1);
    }
  });

  it('has what is pushed in the catalog after the next refresh', async () => {
    organization
      .project('p1')
      .repository('r7')
      .push({
        files: { '/catalog-info.yaml': component('renamed') },
      });
    const { report } = await refresh();
    expect(hinted(report)).toBe(1);
    expect(report).toMatchObject({ added: 1, removed: 1, entities: 60 });
    await catalog.settled();
    const names = (await catalog.entities({ kind: 'component' })).map(
      ({ metadata }) => metadata.name,
    );
    expect(names).toContain('renamed');
    expect(names).not.toContain('c1-7');
  });
});
