import {
  hasFallenSilent,
  namesNoRepository,
} from '../../src/policy/event-health';

const HOUR = 3_600_000;

it.each([
  [false, 'refreshes find nothing that events could have announced', 0, 9],
  [false, 'a refresh found a change before its event came', 1, 9],
  [false, 'deliveries may still be queued', 9, 0.5],
  [true, 'three refreshes found changes, and no event came for an hour', 3, 1],
  [true, 'the last event came by a clock that was set back since', 3, -1],
])(
  'events have fallen silent: %s, where %s',
  (silent, _why, refreshes, age) => {
    expect(
      hasFallenSilent(
        { lastEventAt: 1, unannounced: refreshes },
        1 + age * HOUR,
      ),
    ).toBe(silent);
  },
);

it.each([
  [false, 'none that came named no repository', undefined],
  [true, 'one came that did an hour ago', 1],
  [false, 'the last that did came more than a day ago', 25],
])('events name no repository: %s, where %s', (names, _why, age) => {
  const lastUnnamedAt = age === undefined ? undefined : 1;
  expect(namesNoRepository({ lastUnnamedAt }, 1 + (age ?? 0) * HOUR)).toBe(
    names,
  );
});
