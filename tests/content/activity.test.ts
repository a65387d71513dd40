import { buffer } from 'node:stream/consumers';
import { Simulator, type Organization } from '../../dev/simulator/index';
import { MINUTE, startReading, TOKEN, type Reading } from './support';
import { Organization as OrganizationValue } from '../../src/organization';

// What the catalog reads again and again without an etag, where much of it is
// in one project: the project is asked, and not file after file.

const FILES = 30;
const HOUR = 60 * MINUTE;
/** Just more than the files are believed for. */
const AGE = 16 * MINUTE;
/** Just more than names are. */
const NAMES_AGE = 61 * MINUTE;

let simulator: Simulator;
let organization: Organization;
let reading: Reading;
let passed: number;

beforeEach(async () => {
  passed = 0;
  simulator = await Simulator.start({ clock: () => Date.now() + passed });
  simulator.addPersonalAccessToken(TOKEN, { identity: 'alice' });
  organization = simulator.addOrganization('collection', {
    deployment: 'server',
  });
  const project = organization.addProject('Payments');
  for (let i = 0; i < FILES; i++) {
    project.addRepository(`r${i}`, { files: { '/part.md': `part ${i}` } });
  }
  organization.grant('alice');
  reading = startReading(simulator);
  // What was pushed just before is no news.
  pass(4 * HOUR);
});
afterEach(async () => {
  await reading.close();
  await simulator.close();
});

function pass(ms: number): void {
  passed += ms;
  reading.pass(ms);
}

function rely(forMs: number): void {
  reading.content.relyOnActivity(
    new OrganizationValue(simulator.serverHost, 'collection'),
    Date.now() + passed + forMs,
  );
}

async function readAll(): Promise<string[]> {
  const texts: string[] = [];
  for (let i = 0; i < FILES; i++) {
    const { stream } = await reading.reader.readUrl(
      `${simulator.serverUrl}/collection/Payments/_git/r${i}?path=/part.md`,
    );
    texts.push((await buffer(stream!())).toString());
  }
  return texts;
}

/** Reads everything, and tells what was asked for it. */
async function counted(): Promise<{ texts: string[]; asked: object }> {
  simulator.requests.reset();
  const texts = await readAll();
  const asked: Record<string, number> = {};
  for (const { endpoint, count } of simulator.requests.totals()) {
    if (endpoint !== 'locations') {
      asked[endpoint] = (asked[endpoint] ?? 0) + count;
    }
  }
  return { texts, asked };
}

function push(repository: number, text: string): void {
  organization
    .project('Payments')
    .repository(`r${repository}`)
    .push({ files: { '/part.md': text } });
}

it('asks for the activity of a project in place of many files', async () => {
  rely(24 * HOUR);
  const { texts } = await counted();

  // The first two that are due are asked for themselves: there could be no more.
  pass(AGE);
  expect(await counted()).toEqual({ texts, asked: { items: 2, activity: 1 } });
  // Now it is known that there are more.
  pass(AGE);
  expect(await counted()).toEqual({ texts, asked: { activity: 1 } });
});

it('asks for the list of a project in place of many names', async () => {
  await readAll();

  pass(NAMES_AGE);
  expect((await counted()).asked).toEqual({
    repository: 2,
    repositories: 1,
    items: FILES,
  });
  pass(NAMES_AGE);
  expect((await counted()).asked).toEqual({ repositories: 1, items: FILES });
});

it('reads what was pushed to, and nothing else', async () => {
  rely(24 * HOUR);
  await readAll();
  pass(AGE);
  const { texts } = await counted();
  push(7, 'another part');
  pass(AGE);

  const { texts: after, asked } = await counted();

  expect(after).toEqual(
    texts.map((text, i) => (i === 7 ? 'another part' : text)),
  );
  expect(asked).toMatchObject({ activity: 1, items: 1 });
  pass(AGE);
  expect((await counted()).asked).toEqual({ activity: 1 });
});

it('notices a second push within the same hour, and one that the statistics show late', async () => {
  rely(24 * HOUR);
  simulator.parts.activity.configure({ lagMs: HOUR });
  await readAll();
  push(7, 'first');
  pass(AGE);
  await readAll();
  push(7, 'second');

  let text: string | undefined;
  for (let age = 0; age <= HOUR + 2 * AGE; age += AGE) {
    pass(AGE);
    text = (await counted()).texts[7];
  }
  expect(text).toBe('second');
});

it('asks for each file where nobody answers for the statistics, or does no longer', async () => {
  await readAll();
  pass(AGE);
  expect((await counted()).asked).toMatchObject({ items: FILES });

  rely(HOUR);
  pass(AGE);
  expect((await counted()).asked).toMatchObject({ activity: 1 });

  rely(0);
  pass(AGE);
  const { asked } = await counted();
  expect(asked).toMatchObject({ items: FILES });
  expect(asked).not.toHaveProperty('activity');
});

it('asks for each file where the service refuses the statistics, and does not ask for those again', async () => {
  rely(24 * HOUR);
  simulator.parts.activity.configure({ availability: 'refused' });
  const { texts } = await counted();
  pass(AGE);
  expect(await counted()).toMatchObject({
    texts,
    asked: { items: FILES, activity: 1 },
  });
  pass(AGE);
  const { asked } = await counted();
  expect(asked).toMatchObject({ items: FILES });
  expect(asked).not.toHaveProperty('activity');
});

it('asks for each file after six hours, whatever the statistics say', async () => {
  rely(24 * HOUR);
  simulator.parts.activity.configure({ droppedShare: 1 });
  await readAll();
  push(7, 'unseen');
  let waited = 0;
  let texts: string[] = [];
  while (waited < 6 * HOUR) {
    pass(AGE);
    waited += AGE;
    ({ texts } = await counted());
  }
  expect(texts[7]).toBe('unseen');
});

it('finds a repository under its name again when it was renamed, or another came in its place', async () => {
  const project = organization.project('Payments');
  await readAll();
  pass(NAMES_AGE);
  await readAll();
  const former = project.repository('r7');
  former.rename('elsewhere');
  project.addRepository('r7', { files: { '/part.md': 'its successor' } });
  pass(NAMES_AGE);

  expect((await counted()).texts[7]).toBe('its successor');

  project.repository('r7').delete({ permanently: true });
  pass(NAMES_AGE);
  await expect(readAll()).rejects.toThrow(/r7/);
});
