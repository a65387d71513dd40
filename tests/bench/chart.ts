import type { HourResult } from './hour';
import { figuresOf, type Figures, type Results } from './results';
import { SCENARIOS, type Scenario } from './sizes';

const COLORS: Record<Scenario, string> = {
  'first refresh': '#1d4e89',
  'nothing changed': '#6b7280',
  '1 % changed': '#c2570c',
  'one push': '#0f766e',
};
const HOUR_LABELS: Record<HourResult['way'], string> = {
  ours: 'this module',
  hooks: 'with service hooks',
  locations: 'Locations',
  search: 'search + Locations',
};

interface Panel {
  readonly title: string;
  readonly ours: (figures: Figures) => number;
  readonly bare?: (figures: Figures) => number;
}

/** What is measured. Every axis is logarithmic: a slope of 1 is linear growth. */
const PANELS: readonly Panel[] = [
  {
    title: 'requests',
    ours: ({ ours }) => ours.requests,
    bare: ({ bare }) => bare.requests,
  },
  {
    title: 'kilobytes received',
    ours: ({ ours }) => ours.bytes / 1e3,
    bare: ({ bare }) => bare.bytes / 1e3,
  },
  {
    title: 'wall time, s',
    ours: ({ ours }) => ours.wallMs / 1e3,
    bare: ({ bare }) => bare.wallMs / 1e3,
  },
  {
    title: 'CPU time, s',
    ours: ({ ours }) => ours.cpuMs / 1e3,
    bare: ({ bare }) => bare.cpuMs / 1e3,
  },
  {
    title: 'peak memory above idle, MB',
    ours: ({ ourBytes }) => ourBytes / 1e6,
    bare: ({ bareBytes }) => bareBytes / 1e6,
  },
  {
    title: 'rows written',
    ours: ({ ours }) => ours.ledgerRows + ours.catalogRows,
  },
  {
    title: 'mutation, kilobytes',
    ours: ({ ours }) => ours.mutations.bytes / 1e3,
  },
];

const PANEL = { width: 250, height: 220, left: 46, top: 34, bottom: 26 };
const COLUMNS = 4;
const HEAD = 64;

/** The cost curves, one panel for each column, and an hour of steady state. */
export function chart({ sizes, hours }: Results): string {
  const figures = sizes.flatMap(size =>
    SCENARIOS.flatMap(scenario => figuresOf(size, scenario) ?? []),
  );
  const panels = [
    ...PANELS.map(panel => curves(panel, figures)),
    ...(hours.length > 0 ? [bars(hours)] : []),
  ];
  const width = COLUMNS * PANEL.width + 16;
  const height = HEAD + Math.ceil(panels.length / COLUMNS) * PANEL.height;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="11" fill="#1f2937">`,
    `<title>Cost of a refresh by the number of repositories</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    legend(),
    ...panels.map((panel, index) => {
      const x = 8 + (index % COLUMNS) * PANEL.width;
      const y = HEAD + Math.floor(index / COLUMNS) * PANEL.height;
      return `<g transform="translate(${x} ${y})">${panel}</g>`;
    }),
    '</svg>',
    '',
  ].join('\n');
}

function legend(): string {
  const entries = SCENARIOS.map((scenario, index) => {
    const x = 16 + index * 130;
    return (
      `<line x1="${x}" y1="44" x2="${x + 20}" y2="44" stroke="${COLORS[scenario]}" stroke-width="2.5"/>` +
      `<text x="${x + 26}" y="48">${scenario}</text>`
    );
  });
  const x = 16 + SCENARIOS.length * 130;
  return [
    `<text x="16" y="24" font-size="15" font-weight="600">Cost of a refresh by the number of repositories</text>`,
    `<text x="430" y="24" fill="#6b7280">all axes logarithmic, but for the bars</text>`,
    ...entries,
    `<line x1="${x}" y1="44" x2="${x + 20}" y2="44" stroke="#1f2937" stroke-dasharray="3 3"/>`,
    `<text x="${x + 26}" y="48">the bare limit</text>`,
    `<line x1="${x + 130}" y1="44" x2="${x + 150}" y2="44" stroke="#d1d5db" stroke-width="5"/>`,
    `<text x="${x + 156}" y="48">linear growth</text>`,
  ].join('');
}

function curves(panel: Panel, figures: readonly Figures[]): string {
  const points = figures.flatMap(it => [
    { x: it.size, y: panel.ours(it) },
    ...(panel.bare ? [{ x: it.size, y: panel.bare(it) }] : []),
  ]);
  const ys = points.map(({ y }) => y).filter(y => y > 0);
  const xs = points.map(({ x }) => x);
  const x = logScale(
    [Math.min(...xs), Math.max(...xs)],
    [PANEL.left, PANEL.width - 14],
  );
  const yRange = [decadeBelow(Math.min(...ys)), decadeAbove(Math.max(...ys))];
  const y = logScale(
    [yRange[0]!, yRange[1]!],
    [PANEL.height - PANEL.bottom, PANEL.top],
  );
  const lines = SCENARIOS.flatMap(scenario => {
    const own = figures.filter(it => it.scenario === scenario);
    const line = (of: (it: Figures) => number, style: string) =>
      path(
        own.map(it => [it.size, of(it)] as const).filter(([, v]) => v > 0),
        x,
        y,
        style,
      );
    const color = COLORS[scenario];
    const bare = panel.bare
      ? line(panel.bare, `stroke="${color}" stroke-dasharray="3 3"`)
      : '';
    return [bare, line(panel.ours, `stroke="${color}" stroke-width="2.2"`)];
  });
  return [
    heading(panel.title),
    clip(),
    ...decades(yRange[0]!, yRange[1]!).map(
      value =>
        `<line x1="${PANEL.left}" x2="${PANEL.width - 14}" y1="${round(y(value))}" y2="${round(y(value))}" stroke="#e5e7eb"/>` +
        `<text x="${PANEL.left - 5}" y="${round(y(value) + 4)}" text-anchor="end" fill="#6b7280">${short(value)}</text>`,
    ),
    ...[...new Set(xs)].map(
      value =>
        `<text x="${round(x(value))}" y="${PANEL.height - 9}" text-anchor="middle" fill="#6b7280">${short(value)}</text>`,
    ),
    linearGuide(figures, panel, x, y),
    ...lines,
  ].join('');
}

/** From where the first refresh begins, how it would go on if it cost as much for each repository. */
function linearGuide(
  figures: readonly Figures[],
  panel: Panel,
  x: Scale,
  y: Scale,
): string {
  const first = figures.filter(it => it.scenario === 'first refresh');
  const from = first[0];
  const to = first.at(-1);
  if (!from || !to || from === to) {
    return '';
  }
  const start = panel.ours(from);
  return path(
    [
      [from.size, start],
      [to.size, (start * to.size) / from.size],
    ],
    x,
    y,
    'stroke="#d1d5db" stroke-width="7" stroke-linecap="round" opacity="0.6"',
    false,
  );
}

function bars(hours: readonly HourResult[]): string {
  const most = Math.max(...hours.map(({ requests }) => requests));
  const width = (requests: number) =>
    Math.max(2, (requests / most) * (PANEL.width - 30));
  return [
    heading(
      `requests an hour, ${short(hours[0]?.descriptors ?? 0)} descriptors`,
    ),
    ...hours.map((hour, index) => {
      const top = PANEL.top + 16 + index * 50;
      const color = ['ours', 'hooks'].includes(hour.way)
        ? COLORS['first refresh']
        : '#9ca3af';
      return (
        `<text x="14" y="${top}">${HOUR_LABELS[hour.way]}: ${Math.round(hour.requests).toLocaleString('en-US')}</text>` +
        `<rect x="14" y="${top + 6}" width="${round(width(hour.requests))}" height="16" rx="2" fill="${color}"/>`
      );
    }),
  ].join('');
}

type Scale = (value: number) => number;

function logScale(
  [from, to]: readonly [number, number],
  [start, end]: readonly [number, number],
): Scale {
  const span = Math.log(to / from) || 1;
  return value => start + (Math.log(value / from) / span) * (end - start);
}

function path(
  points: ReadonlyArray<readonly [number, number]>,
  x: Scale,
  y: Scale,
  style: string,
  dots = true,
): string {
  if (points.length === 0) {
    return '';
  }
  const at = points.map(([a, b]) => `${round(x(a))} ${round(y(b))}`);
  const color = /stroke="([^"]+)"/.exec(style)?.[1] ?? '';
  const isDashed = style.includes('dasharray');
  const circles = at.map(point => {
    const [cx, cy] = point.split(' ');
    return `<circle cx="${cx}" cy="${cy}" r="2.6" fill="${color}"/>`;
  });
  return (
    `<path clip-path="url(#plot)" d="M${at.join('L')}" fill="none" ${style}/>` +
    (dots && !isDashed ? circles.join('') : '')
  );
}

function heading(title: string): string {
  return `<text x="14" y="18" font-weight="600">${title}</text>`;
}

function clip(): string {
  const { left, top, width, height, bottom } = PANEL;
  return `<clipPath id="plot"><rect x="${left - 6}" y="${top - 6}" width="${width - left}" height="${height - top - bottom + 12}"/></clipPath>`;
}

function decadeBelow(value: number): number {
  return 10 ** Math.floor(Math.log10(value));
}

function decadeAbove(value: number): number {
  return 10 ** Math.ceil(Math.log10(value));
}

function decades(from: number, to: number): number[] {
  const values: number[] = [];
  for (let value = from; value <= to * 1.001; value *= 10) values.push(value);
  return values;
}

function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  if (value >= 1e3) return `${value / 1e3}k`;
  return String(Number(value.toPrecision(1)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
