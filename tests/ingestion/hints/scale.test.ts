import { descriptor, type HintStage, MINUTE, setHintStage } from './support';

const PROJECTS = process.env.LONG_TESTS ? 40 : 8;
const REPOSITORIES = PROJECTS * 250;
/** Six hours, in refreshes every 30 minutes. */
const TURNS = 12;
const VERIFIED = Math.ceil(REPOSITORIES / TURNS);

describe(`a refresh of ${REPOSITORIES} repositories in ${PROJECTS} projects`, () => {
  let stage: HintStage;
  const repository = (i: number) =>
    stage.organization.project(`p${i % PROJECTS}`).repository(`r${i}`);

  beforeAll(async () => {
    stage = await setHintStage();
    for (let i = 0; i < PROJECTS; i++) {
      stage.organization.addProject(`p${i}`);
    }
    for (let i = 0; i < REPOSITORIES; i++) {
      stage.organization.project(`p${i % PROJECTS}`).addRepository(`r${i}`, {
        files: { '/catalog-info.yaml': descriptor(`c${i}`) },
      });
    }
    stage.advance(MINUTE);
    const { report, requests } = await stage.refresh();
    expect(report.entities).toBe(REPOSITORIES);
    // One for the list, one to find out which versions the service speaks.
    expect(requests.all).toBe(REPOSITORIES + 2);
  });
  afterAll(async () => {
    await stage.stop();
  });

  it('takes, when nothing has changed, one request for the list, one search for a thousand descriptors, and one for each repository whose turn it is', async () => {
    // The second of them shows that nothing is asked anew.
    for (let i = 0; i < 2; i++) {
      stage.advance(30 * MINUTE - 1);
      const { report, requests } = await stage.refresh();
      expect(report).toMatchObject({
        outcome: 'complete',
        added: 0,
        removed: 0,
      });
      expect(report.organizations[0]?.probes.reasons).toEqual({
        verify: VERIFIED,
      });
      expect(requests.items).toBe(VERIFIED);
      expect(requests.all).toBeLessThanOrEqual(1 + PROJECTS + VERIFIED);
      expect(requests.codesearch).toBe(REPOSITORIES / 1_000);
      expect(report.organizations[0]?.hints).toEqual({
        state: 'asked',
        requests: REPOSITORIES / 1_000,
        named: 0,
        missed: 0,
      });
    }
  });

  it('reads a hundred that have changed at once, and nothing else beyond those whose turn it is', async () => {
    stage.advance(30 * MINUTE - 2);
    // Not those whose turn it would be.
    for (let i = 0; i < 100; i++) {
      repository(REPOSITORIES / 2 + 4 * i).push({
        files: { '/catalog-info.yaml': descriptor(`changed${i}`) },
      });
    }
    stage.advance(1);
    const { report, requests } = await stage.refresh();
    const { hinted = 0, verify = 0 } =
      report.organizations[0]?.probes.reasons ?? {};
    expect(hinted + verify).toBe(requests.items);
    expect(hinted).toBe(100);
    expect(requests.items).toBeLessThanOrEqual(100 + VERIFIED);
    expect(requests.all).toBeLessThanOrEqual(1 + PROJECTS + 100 + VERIFIED);
    expect(report).toMatchObject({
      outcome: 'complete',
      added: 100,
      removed: 100,
      entities: REPOSITORIES,
    });
    const references = await stage.references();
    expect(references).toHaveLength(REPOSITORIES);
    expect(references.filter(it => it.includes('/changed'))).toHaveLength(100);
  });

  it('takes, without Code Search, one request for the list and one for each repository whose turn it is', async () => {
    stage.configure({ hints: { codeSearch: false } });
    stage.advance(30 * MINUTE - 1);
    const { report, requests } = await stage.refresh();
    expect(report.organizations[0]?.hints).toBeUndefined();
    expect(requests.codesearch).toBe(0);
    expect(requests.all).toBeLessThanOrEqual(1 + VERIFIED);
    // Whatever was probed before, a twelfth of the whole has its turn.
    expect(requests.items).toBe(VERIFIED);
  });
});
