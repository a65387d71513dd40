import fc from 'fast-check';
import { GIT_EVENTS } from '../../src/config/events';
import { TOPIC } from '../../src/events/notification';
import { FAIR, Model, PROJECT_ID, type Held } from '../ingestion/model';
import { recordingLogger, type LogLine } from '../support/logs';
import { ALL_FORMS, type PayloadForm } from './payloads';

const REPOSITORY = '278d5cd2-584d-4b63-824a-2ba458937249';
const FOREIGN = '278d5cd2-584d-4b63-824a-2ba458937250';
const RUNS = process.env['LONG_TESTS'] ? 5_000 : 100;
const held: Held = { names: ['a'], revision: 0, state: 'listed' };

/** Arrays and objects in one another, far deeper than a recursion goes. */
function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) {
    value = i % 2 ? [value] : { resource: value, repository: value };
  }
  return value;
}

const anything = fc.oneof(
  fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }),
  fc.constantFrom<unknown>(
    deep(20_000),
    'http://127.0.0.1:22/',
    'http://169.254.169.254/metadata/identity/oauth2/token',
    '../../../etc/passwd',
    `${REPOSITORY}/../x`,
    REPOSITORY,
    FOREIGN,
    'x'.repeat(1_000_000),
    JSON.parse(`{"__proto__": {"id": "${REPOSITORY}"}}`),
    JSON.parse(`{"constructor": {"prototype": {"id": "${REPOSITORY}"}}}`),
  ),
);

/** A form of the service with something else in one place. */
const spoiled = fc
  .tuple(
    fc.constantFrom(...ALL_FORMS),
    fc.constantFrom(
      ['resource'],
      ['eventType'],
      ['resourceContainers'],
      ['resourceContainers', 'project'],
      ['resourceContainers', 'project', 'id'],
      ['resource', 'repository'],
      ['resource', 'repository', 'id'],
      ['resource', 'repository', 'url'],
      ['resource', 'repository', 'remoteUrl'],
      ['resource', 'repository', 'project'],
      ['resource', 'repository', 'project', 'id'],
      ['resource', 'repositoryId'],
      ['resource', 'refUpdates'],
      ['resource', 'url'],
      ['__proto__'],
    ),
    anything,
    fc.constantFrom(REPOSITORY, FOREIGN),
  )
  .map(([form, path, value, id]) => spoil(form, path, value, id));

function spoil(
  { payload }: PayloadForm,
  path: readonly string[],
  value: unknown,
  repositoryId: string,
): unknown {
  const whole = payload({ repositoryId, projectId: PROJECT_ID });
  let place: Record<string, unknown> = whole;
  for (const key of path.slice(0, -1)) {
    const next = place[key];
    if (typeof next !== 'object' || next === null) {
      return whole;
    }
    place = next as Record<string, unknown>;
  }
  Object.defineProperty(place, path.at(-1) ?? '', { value, enumerable: true });
  return whole;
}

describe('whatever is delivered as an event', () => {
  let model: Model;
  beforeEach(async () => {
    model = await Model.open({});
    model.world = { [`contoso/${REPOSITORY}`]: held };
    await model.refresh(FAIR);
  });
  afterEach(async () => await model.destroy());

  it('throws nothing, warns of nothing, says once of each kind that it is not known, and makes nothing due but what the ledger knows, by id', async () => {
    const logs: LogLine[] = [];
    const { listener, close } = model.listen({
      logger: recordingLogger(logs),
      looks: false,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(anything, spoiled),
        fc.constantFrom(TOPIC, `${TOPIC}.git.push`, `${TOPIC}.__proto__`),
        async (eventPayload, topic) => {
          await listener.onEvent({ topic, eventPayload });
        },
      ),
      { numRuns: RUNS },
    );
    await close();
    expect(logs.filter(({ level }) => level !== 'debug')).toEqual([]);
    const unknown = logs.filter(({ message }) => /is known/.test(message));
    expect(unknown.length).toBeLessThanOrEqual(GIT_EVENTS.length);
    for (const row of await model.due()) {
      expect(row.organization).toBe('dev.azure.com/contoso');
      expect(['', PROJECT_ID, REPOSITORY, FOREIGN]).toContain(row.project_id);
      expect(['', REPOSITORY, FOREIGN]).toContain(row.repository_id);
    }
  });

  it('gives addresses to no request: what is asked for is asked for by id, of the configured organization', async () => {
    model.asked.length = 0;
    const { listener, close } = model.listen();
    for (const { payload } of ALL_FORMS) {
      const text = JSON.stringify(
        payload({ repositoryId: REPOSITORY, projectId: PROJECT_ID }),
      ).replaceAll(/https?:[^"]*/g, 'http://127.0.0.1:22/');
      await listener.onEvent({
        topic: TOPIC,
        eventPayload: JSON.parse(text) as unknown,
      });
    }
    await model.lookedAtAll();
    await close();
    expect(new Set(model.asked)).toEqual(
      new Set([
        `contoso: repository ${REPOSITORY}`,
        `contoso: list ${PROJECT_ID}`,
        `contoso: ${REPOSITORY}/catalog-info.yaml`,
      ]),
    );
  });
});
