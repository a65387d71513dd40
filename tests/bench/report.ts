import type { Distribution, EventsResult } from './events';
import type { HourResult } from './hour';
import { figuresOf, type Figures, type Results } from './results';
import { SCENARIOS, type SizeResult } from './sizes';

const WAYS: Record<HourResult['way'], string> = {
  ours: 'this module',
  hooks: 'this module with service hooks',
  locations: 'Backstage alone, Locations',
  search: 'search and Locations',
};

/** The results as tables for a terminal, ratios first. */
export function report({ sizes, hours, events }: Results): string {
  return [
    ...sizes.map(reportSize),
    ...(sizes.length > 1 ? [reportGrowth(sizes)] : []),
    ...(hours.length > 0 ? [reportHours(hours)] : []),
    ...(events ? [reportEvents(events)] : []),
  ]
    .map(lines => lines.join('\n'))
    .join('\n\n');
}

function reportSize(result: SizeResult): string[] {
  const { size, rounds, search } = result;
  const rows = SCENARIOS.flatMap(scenario => {
    const figures = figuresOf(result, scenario);
    return figures ? [ourRow(figures), bareRow(figures)] : [];
  });
  return [
    `${count(size)} repositories, ${rounds.length} ${rounds.length === 1 ? 'round' : 'rounds'}; the ratios are to the bare limit`,
    ...table(
      [
        'scenario',
        'wall ×',
        'CPU ×',
        'requests ×',
        'wall s',
        'CPU s',
        'CPU ms/repo',
        'MB above idle',
        'requests',
        'KB',
        'rows',
        'mutation: new + restated, KB',
        'machine busy',
      ],
      rows,
    ),
    `A search for all descriptors finds ${count(search.found)} of ${count(size)}, in ${search.requests} requests.`,
  ];
}

const GROWING: Record<string, (figures: Figures) => number> = {
  requests: ({ ours }) => ours.requests,
  KB: ({ ours }) => ours.bytes,
  wall: ({ ours }) => ours.wallMs,
  CPU: ({ ours }) => ours.cpuMs,
  memory: ({ ourBytes }) => ourBytes,
  rows: ({ ours }) => ours.ledgerRows + ours.catalogRows,
  mutation: ({ ours }) => ours.mutations.bytes,
};

/** By how much each cost grows from size to size: linear is by as much as the size. */
function reportGrowth(sizes: readonly SizeResult[]): string[] {
  const steps = sizes
    .slice(1)
    .map((larger, index) => ({ smaller: sizes[index]!, larger }));
  if (steps.length > 1) {
    steps.push({ smaller: sizes[0]!, larger: sizes.at(-1)! });
  }
  const rows = steps.flatMap(({ smaller, larger }) =>
    SCENARIOS.flatMap(scenario => {
      const from = figuresOf(smaller, scenario);
      const to = figuresOf(larger, scenario);
      if (!from || !to) return [];
      return [
        [
          `${count(from.size)} to ${count(to.size)}: ${scenario}`,
          (to.size / from.size).toFixed(1),
          ...Object.values(GROWING).map(of =>
            of(from) > 0 ? (of(to) / of(from)).toFixed(1) : '',
          ),
        ],
      ];
    }),
  );
  return [
    'Growth',
    ...table(
      ['', 'repositories ×', ...Object.keys(GROWING).map(it => `${it} ×`)],
      rows,
    ),
  ];
}

function ourRow(figures: Figures): string[] {
  const { scenario, size, ours, bare, wallRatios, ourBytes } = figures;
  const least = wallRatios[0] ?? NaN;
  const most = wallRatios.at(-1) ?? NaN;
  const spread =
    wallRatios.length > 1 ? ` (${least.toFixed(2)}–${most.toFixed(2)})` : '';
  const { mutations } = ours;
  return [
    scenario,
    `${(ours.wallMs / bare.wallMs).toFixed(2)}${spread}`,
    (ours.cpuMs / bare.cpuMs).toFixed(2),
    (ours.requests / bare.requests).toFixed(2),
    ...costs(ours, size),
    megabytes(ourBytes),
    count(ours.requests),
    kilobytes(ours.bytes),
    `${count(ours.ledgerRows)} + ${count(ours.catalogRows)}`,
    `${count(ours.added)} + ${count(mutations.entities - ours.added)}, ${kilobytes(mutations.bytes)}`,
    percent(ours.busyness),
  ];
}

function bareRow({ size, bare, bareBytes }: Figures): string[] {
  return [
    '  bare limit',
    '',
    '',
    '',
    ...costs(bare, size),
    megabytes(bareBytes),
    count(bare.requests),
    kilobytes(bare.bytes),
    '',
    '',
    percent(bare.busyness),
  ];
}

function costs(
  { wallMs, cpuMs }: { wallMs: number; cpuMs: number },
  size: number,
): string[] {
  return [
    (wallMs / 1000).toFixed(2),
    (cpuMs / 1000).toFixed(2),
    (cpuMs / size).toFixed(3),
  ];
}

function reportHours(hours: readonly HourResult[]): string[] {
  const ours = hours.find(({ way }) => way === 'ours');
  const descriptors = hours[0]?.descriptors ?? 0;
  return [
    `An hour of steady state over ${count(descriptors)} descriptors, a third of them with a placeholder`,
    ...table(
      [
        '',
        'requests ×',
        'requests',
        'KB',
        'CPU s',
        'a change is seen after: mean',
        'longest',
        'entities',
        'measured over',
      ],
      hours.map(hour => [
        WAYS[hour.way],
        ours ? (hour.requests / ours.requests).toFixed(0) : '',
        count(hour.requests),
        kilobytes(hour.bytes),
        (hour.cpuMs / 1000).toFixed(1),
        minutes(hour.freshness.meanMs),
        minutes(hour.freshness.longestMs),
        count(hour.entities),
        `${hour.intervals} intervals`,
      ]),
    ),
  ];
}

function reportEvents(result: EventsResult): string[] {
  const { flood } = result;
  return [
    `${count(result.pushes)} pushes to ${count(result.repositories)} repositories, each announced by a service hook; ${result.requestsPerPush.toFixed(2)} requests a push; machine busy ${percent(result.busyness)}`,
    ...table(
      ['ms', 'median', 'p99', 'longest'],
      [
        distribution('delivery to the catalog', result.applied),
        distribution('its processing and stitching', result.shown),
      ],
    ),
    ...(flood
      ? [
          '',
          `${count(flood.pushes)} pushes in ${flood.seconds.toFixed(0)} s: ${count(flood.deliveries)} deliveries, of which ${count(flood.answeredLate)} were answered after more than 100 ms; ${count(flood.looks)} looks, ${count(flood.requests)} requests; ${megabytes(flood.memoryBytes)} MB above idle, ${megabytes(flood.retainedBytes)} MB of it for longer; wrong in the end: ${flood.wrong.length}; machine busy ${percent(flood.busyness)}`,
          ...table(
            ['ms', 'median', 'p99', 'longest'],
            [
              distribution('delivery to its answer', flood.answered),
              distribution('pushes of another organization', flood.others),
            ],
          ),
        ]
      : []),
  ];
}

function distribution(
  what: string,
  { median, p99, longest }: Distribution,
): string[] {
  return [what, ...[median, p99, longest].map(ms => count(ms))];
}

function table(head: readonly string[], rows: readonly string[][]): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === 0
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)];
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function kilobytes(bytes: number): string {
  return count(bytes / 1000);
}

function megabytes(bytes: number): string {
  return count(bytes / 1_000_000);
}

function minutes(ms: number): string {
  return `${(ms / 60_000).toFixed(1)} min`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
