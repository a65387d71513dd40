import fc from 'fast-check';
import { Simulator } from '../../dev/simulator';
import { verifyActivity } from '../../src/azure/activity';
import {
  faultOf,
  TestClients,
  TOKEN,
  withEnvironment,
} from './support/clients';
import { Organization } from '../../src/organization';

const START = Date.parse('2026-03-02T09:10:00.250Z');
const MINUTE = 60_000;

const clients = new TestClients();
let simulator: Simulator;
let time = START;
let restore: () => void;

beforeEach(async () => {
  time = START;
  simulator = await Simulator.start({ clock: () => time });
  simulator.addPersonalAccessToken(TOKEN, { identity: 'reader' });
  restore = withEnvironment({ HTTPS_PROXY: simulator.proxyUrl });
});
afterEach(async () => {
  restore();
  await clients.close();
  await simulator.close();
});

function addProject() {
  const organization = simulator.addOrganization('contoso');
  organization.grant('reader');
  return organization.addProject('P');
}

function clientOf() {
  return clients
    .create()
    .forOrganization(new Organization('dev.azure.com', 'contoso'));
}

describe('the activity of a project', () => {
  it('is the hours in which its repositories were pushed to, since an instant', async () => {
    const project = addProject();
    const quiet = project.addRepository('quiet', { files: { '/a': '1' } });
    const busy = project.addRepository('busy', { files: { '/a': '1' } });
    time += 1;
    const since = time;
    busy.push({ files: { '/a': '2' } });
    time += 10 * MINUTE;
    busy.push({ files: { '/a': '3' } });
    time += 60 * MINUTE;
    busy.push({ files: { '/a': '4' } });

    const client = clientOf();
    const { activity, requests } = await client.listActivity({
      project: project.id,
      since,
    });
    expect(requests).toBe(1);
    expect(activity).toEqual([
      {
        repositoryId: busy.id,
        hours: [
          { startsAt: Date.parse('2026-03-02T09:00:00Z'), changes: 2 },
          { startsAt: Date.parse('2026-03-02T10:00:00Z'), changes: 1 },
        ],
      },
    ]);
    // To the millisecond: what was there just before is not news.
    const before = await client.listActivity({
      project: project.id,
      since: since - 1,
    });
    expect(before.activity.map(it => it.repositoryId)).toEqual([
      quiet.id,
      busy.id,
    ]);
  });

  it('is read to its end', async () => {
    const project = addProject();
    for (let i = 0; i < 1_001; i++) {
      project.addRepository(`r${i}`, { files: { '/a': '1' } });
    }
    const { activity, requests } = await clientOf().listActivity({
      project: project.id,
      since: 0,
    });
    expect(new Set(activity.map(it => it.repositoryId)).size).toBe(1_001);
    expect(requests).toBe(2);
  });

  it('takes one request to find out how to ask, however many ask at once', async () => {
    const project = addProject();
    const client = clientOf();
    await Promise.all(
      Array.from({ length: 20 }, () =>
        client.listActivity({ project: project.id, since: 0 }),
      ),
    );
    expect(simulator.requests.count({ method: 'OPTIONS' })).toBe(1);
    expect(simulator.requests.count({})).toBe(21);
  });

  it.each([
    ['missing', 'not-found'],
    ['refused', 'forbidden'],
  ] as const)('where it is %s, is a failure', async (availability, kind) => {
    const project = addProject();
    simulator.parts.activity.configure({ availability });
    const fault = await faultOf(
      clientOf().listActivity({ project: project.id, since: 0 }),
    );
    expect(fault).toMatchObject({ kind, retryable: false });
    expect(fault.message).toContain(
      'could not ask for the activity in project',
    );
  });
});

describe('what an answer must be to be activity', () => {
  const hour = { time: '2026-03-02T09:00:00Z', value: 1 };
  const list = (...value: unknown[]) => ({ count: value.length, value });

  it.each([
    ['no list', { count: 0, value: null }],
    ['a list cut short', { count: 2, value: [{ repositoryId: 'r' }] }],
    [
      'without a repository',
      list({ codeChangesCount: 1, codeChangesTrend: [] }),
    ],
    ['changes at no time', list({ repositoryId: 'r', codeChangesCount: 1 })],
    [
      'a time that is none',
      list({
        repositoryId: 'r',
        codeChangesTrend: [{ ...hour, time: 'noon' }],
      }),
    ],
    [
      'a number in words',
      list({ repositoryId: 'r', codeChangesTrend: [{ ...hour, value: '1' }] }),
    ],
  ])('not %s', (_, json) => {
    expect(verifyActivity(json)).toEqual(expect.any(String));
  });

  it.each([
    ['nothing', list()],
    ['no changes', list({ repositoryId: 'r', codeChangesCount: 0 })],
    ['an hour', list({ repositoryId: 'r', codeChangesTrend: [hour] })],
  ])('but %s', (_, json) => {
    expect(verifyActivity(json)).toBeUndefined();
  });

  it('is decided of anything', () => {
    fc.assert(
      fc.property(fc.jsonValue(), json => {
        const mistake = verifyActivity(json);
        return mistake === undefined || mistake.length > 0;
      }),
    );
  });
});
