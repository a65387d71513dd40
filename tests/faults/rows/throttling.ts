import type { FaultOptions } from '../../../dev/simulator';
import type { SimulatedResponse } from '../../../dev/simulator/http';
import { Limiter, type BlockForm } from '../../../dev/simulator/limiter';
import { limiterHook } from '../../../dev/simulator/limiter-hook';
import { until } from '../../support/until';
import { accelerated } from '../stage/clock';
import { outage } from '../stage/outage';
import type { Row } from '../stage/row';
import type { Stage } from '../stage/stage';
import { endAllFaults } from './credentials';

/** Waiting for half a minute takes half a second. */
const FACTOR = 60;
/** An hour takes six seconds. */
const FACTOR_FOR_HOURS = 600;
const HOUR_MS = 3_600_000;

const BLOCKED = JSON.stringify({
  message:
    'TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource Concurrency in namespace VSID.',
  typeKey: 'RequestBlockedException',
});

/** Some requests are throttled, and the refresh is to get through all the same. */
function throttling(
  name: string,
  injected: string,
  fault: Omit<FaultOptions, 'match'>,
): Row {
  return outage({
    group: 2,
    name,
    injected,
    expected:
      'The refresh waits as long as the service asks and succeeds; the other organizations do not wait.',
    settings: () => accelerated(FACTOR, { deadlines: 'real' }),
    during: [
      {
        begin: stage =>
          void stage.simulator.inject({
            match: { organization: 'contoso', every: 9 },
            ...fault,
          }),
      },
    ],
    end: endAllFaults,
  });
}

/** The service's own limiter, on a budget that a refresh is far beyond, for an hour of the simulated clock. */
function throttledHour(
  name: string,
  injected: string,
  blockForms: readonly BlockForm[],
): Row {
  let clock = accelerated(FACTOR_FOR_HOURS, { deadlines: 'real' });
  return outage({
    group: 2,
    name,
    injected,
    expected:
      'Refreshes end late or unfinished, with an error, and nothing goes; those who follow make progress.',
    settings: () => {
      clock = accelerated(FACTOR_FOR_HOURS, { deadlines: 'real' });
      return clock;
    },
    during: [
      {
        async begin(stage) {
          const limiter = new Limiter({
            budget: 4,
            blockFrom: 1.1,
            blockForms,
            maximumDelayMs: 30_000,
          });
          const hold = limiterHook({
            limiter,
            now: clock.now,
            timeScale: FACTOR_FOR_HOURS,
          });
          stage.simulator.useLimiter(async (call, next) =>
            call.organization.name === 'contoso'
              ? await hold(call, next)
              : await next(),
          );
          const end = clock.now() + HOUR_MS;
          while (clock.now() < end) {
            await stage.refresh();
          }
        },
        failsWith: /^/,
      },
    ],
    end(stage: Stage) {
      stage.simulator.useLimiter((_call, next) => next());
    },
  });
}

/** One organization is throttled for longer than a refresh may wait, and the others do not wait for it. */
function longPause(): Row {
  const pauseMs = 600_000;
  let clock = accelerated(FACTOR, { deadlines: 'real' });
  let pausedAt = 0;
  return outage({
    group: 2,
    name: '429 that asks for ten minutes',
    injected: 'every file is answered 429 with Retry-After: 600',
    expected:
      'The refresh ends instead of waiting, its error has how long the service asked to wait and how many repositories were not looked at; the next one goes on.',
    settings: () => {
      clock = accelerated(FACTOR, { deadlines: 'real' });
      return clock;
    },
    during: [
      {
        begin(stage) {
          pausedAt = 0;
          stage.simulator.inject({
            match: { organization: 'contoso', endpoint: 'items' },
            response() {
              pausedAt ||= clock.now();
              return {
                status: 429,
                headers: {
                  'Content-Type': 'application/json; charset=utf-8',
                  'Retry-After': String(pauseMs / 1_000),
                },
                body: BLOCKED,
              };
            },
          });
        },
        failsWith:
          /contoso: .*(429|throttled).*nothing is sent until \d{4}-.*Z.*: \d+ repositor(y|ies) not looked at/,
      },
    ],
    async end(stage) {
      endAllFaults(stage);
      await until(
        'the pause to be over',
        () => clock.now() > pausedAt + pauseMs,
        60_000,
      );
    },
  });
}

/** Group 2: the service throttles. */
export const THROTTLING_ROWS: readonly Row[] = [
  throttling(
    '429 with Retry-After',
    'every 9th answer is 429 with Retry-After: 30',
    {
      response: {
        status: 429,
        headers: {
          'Content-Type': 'application/json; charset=utf-8',
          'Retry-After': '30',
        },
        body: BLOCKED,
      },
      times: 8,
    },
  ),
  throttling(
    '429 without headers',
    'every 9th answer is 429 and nothing more',
    {
      fault: 'throttled-bare',
      times: 8,
    },
  ),
  throttling('403 that means 429', 'every 9th answer is TF400733 in a 403', {
    fault: 'throttled-403',
    times: 8,
  }),
  throttling(
    '200 with Retry-After',
    'every 9th answer is 200 with Retry-After: 10',
    {
      headers: {
        'Retry-After': '10',
        'X-RateLimit-Resource': 'Concurrency',
        'X-RateLimit-Delay': '1.500',
      },
      times: 8,
    },
  ),
  throttling(
    'throttling that surfaces as 401 and 203',
    'every 9th answer is 429, 401 or the sign-in page in turn',
    {
      response: inTurn<SimulatedResponse>([
        {
          status: 429,
          headers: {
            'Content-Type': 'application/json; charset=utf-8',
            'Retry-After': '2',
          },
          body: BLOCKED,
        },
        { status: 401 },
        {
          status: 203,
          headers: { 'Content-Type': 'text/html; charset=utf-8' },
          body: '<html><head><title>Azure DevOps Services | Sign In</title></head></html>',
        },
      ]),
      times: 12,
    },
  ),
  longPause(),
  throttledHour(
    'an hour of throttling',
    'a limiter with a 50th of the budget for an hour of simulated time: delays, then 429',
    ['429-json'],
  ),
  throttledHour(
    'an hour of throttling that surfaces as 429, 503, 401 and 203',
    'the same; blocked requests are answered 429 with and without headers, 503, 401 and 203 in turn',
    ['429-json', '429-plain', '429-bare', '503-html', '401', '203'],
  ),
];

function inTurn<T>(answers: readonly [T, ...T[]]): () => T {
  let next = 0;
  return () => answers[next++ % answers.length] ?? answers[0];
}
