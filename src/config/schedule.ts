import {
  type SchedulerServiceTaskScheduleDefinition,
  readSchedulerServiceTaskScheduleDefinitionFromConfig,
} from '@backstage/backend-plugin-api';
import { ConfigReader, readDurationFromConfig } from '@backstage/config';
import { durationToMilliseconds, type JsonObject } from '@backstage/types';
import type { Block } from './block';

/**
 * When a provider refreshes unless its block has another schedule.
 *
 * `timeout` is how long a refresh may hold the task. What it learned until then
 * is kept, and the next refresh, due at once, goes on from there, so a long
 * first refresh needs no long timeout; but a replica that is killed keeps the
 * others waiting for the rest of it. An hour is enough for the first refresh of
 * some ten thousand repositories, and costs at most one refresh after a crash.
 */
const DEFAULT_SCHEDULE = {
  frequency: { minutes: 30 },
  timeout: { hours: 1 },
  // Long enough for the plugins to be up, too short to be noticed.
  initialDelay: { seconds: 5 },
} as const;

const SUCH_AS = 'such as `{ minutes: 30 }`, `30 minutes` or `PT30M`';
const A_DURATION = `a duration, ${SUCH_AS}`;
const A_POSITIVE_DURATION = `a duration above 0, ${SUCH_AS}`;

/** The keys of `schedule`. */
export const SCHEDULE_KEYS = ['frequency', 'timeout', 'initialDelay', 'scope'];

/** Reads `schedule`: each key on its own, so that every mistake is seen. What is left out has its default. */
export function readSchedule(
  block: Block,
): SchedulerServiceTaskScheduleDefinition {
  const schedule = block.block('schedule');
  schedule.reportUnknownKeys(SCHEDULE_KEYS);
  return {
    frequency: readPart(
      schedule,
      'frequency',
      `${A_POSITIVE_DURATION}, or else \`{ cron: '…' }\` or \`{ trigger: manual }\``,
      isFrequency,
    ),
    timeout: readPart(
      schedule,
      'timeout',
      A_POSITIVE_DURATION,
      timeout => durationToMilliseconds(timeout) > 0,
    ),
    initialDelay: readPart(
      schedule,
      'initialDelay',
      A_DURATION,
      (delay = {}) => durationToMilliseconds(delay) >= 0,
    ),
    scope: readPart(schedule, 'scope', '`global` or `local`', () => true),
  };
}

/** Reads a duration in milliseconds, in any form that Backstage takes. */
export function readDuration(
  block: Block,
  name: string,
  fallback: number,
  { mayBeZero = false }: { readonly mayBeZero?: boolean } = {},
): number {
  const value = block.raw(name);
  if (value === undefined) return fallback;
  try {
    const duration = durationToMilliseconds(
      readDurationFromConfig(new ConfigReader({ value }), { key: 'value' }),
    );
    if (duration > 0 || (mayBeZero && duration === 0)) return duration;
  } catch {
    // Reported below, in the words of the other mistakes.
  }
  const expected = mayBeZero ? A_DURATION : A_POSITIVE_DURATION;
  block.reportMistake(block.key(name), expected, value);
  return fallback;
}

/** Lets Backstage read one key, the others being the defaults. */
function readPart<Name extends keyof SchedulerServiceTaskScheduleDefinition>(
  schedule: Block,
  name: Name,
  expected: string,
  isGood: (read: SchedulerServiceTaskScheduleDefinition[Name]) => boolean,
): SchedulerServiceTaskScheduleDefinition[Name] {
  const read = (data: JsonObject) =>
    readSchedulerServiceTaskScheduleDefinitionFromConfig(
      new ConfigReader({ ...DEFAULT_SCHEDULE, ...data }),
    )[name];
  const value = schedule.raw(name);
  if (value !== undefined) {
    try {
      const found = read({ [name]: value });
      if (isGood(found)) return found;
    } catch {
      // Reported below, in the words of the other mistakes.
    }
    schedule.reportMistake(schedule.key(name), expected, value);
  }
  return read({});
}

function isFrequency(
  frequency: SchedulerServiceTaskScheduleDefinition['frequency'],
): boolean {
  if ('trigger' in frequency) return true;
  if (!('cron' in frequency)) return durationToMilliseconds(frequency) > 0;
  // The scheduler itself throws for what is wrong in detail; Backstage lets any value through to it.
  const { cron }: { cron: unknown } = frequency;
  if (typeof cron !== 'string') return false;
  const fields = cron.trim().split(/\s+/);
  return fields.length === 5 || fields.length === 6 || /^@\w+$/.test(cron);
}
