import { Help } from 'commander';

const help = new Help();
// Its default leaves narrow text as it is.
help.minWidthToWrap = 1;

/**
 * Breaks a text into lines of at most `width` characters, between words only: a
 * path or an address that is longer stays in one piece, so that it can be copied.
 */
export function wrap(text: string, width: number): string[] {
  return help.boxWrap(text, width).split('\n');
}

/**
 * A text in lines, all but the first indented by as much as `lead` is long. A
 * word that fits into a line, but not behind the indentation, stands further
 * left: a terminal would cut it.
 */
export function hanging(lead: string, text: string, width: number): string {
  const shown = printable(text.trim().replace(/\s+/g, ' '));
  return wrap(shown, Math.max(20, width - lead.length))
    .map((line, i) => {
      const left = width - line.length;
      const indent = left < 0 ? lead.length : Math.min(lead.length, left);
      const isLed = i === 0 && lead.trim() !== '';
      return (isLed ? lead : ' '.repeat(indent)) + line;
    })
    .join('\n');
}

/** What is so, what to do, and where more is said. @param about - what it is about */
export function renderAdvice(
  about: string | undefined,
  advice: {
    /** A sentence without the full stop, like the cure. */
    readonly cause: string;
    readonly cure: string;
    readonly docs: string;
    /** The credential. */
    readonly as?: string;
  },
  width: number,
): string {
  const { cause, cure, docs, as } = advice;
  const lead = about === undefined ? '' : `${about}: `;
  return [
    hanging('', `${lead}${cause}${cause.endsWith('?') ? '' : '.'}`, width),
    ...(as === undefined ? [] : [hanging('  Credential:  ', as, width)]),
    hanging('  What to do:  ', `${cure}.`, width),
    `  More:        ${printable(docs)}`,
  ].join('\n');
}

export interface Column {
  readonly title: string;
  /** Default: left. */
  readonly align?: 'right';
}

/** A table in which each column is as wide as its longest cell. */
export function renderTable(
  columns: readonly Column[],
  rows: ReadonlyArray<readonly string[]>,
): string {
  const widths = columns.map(({ title }, i) =>
    rows.reduce(
      (widest, row) => Math.max(widest, row[i]?.length ?? 0),
      title.length,
    ),
  );
  return [columns.map(({ title }) => title), ...rows]
    .map(row =>
      widths
        .map((width, i) =>
          columns[i]?.align === 'right'
            ? (row[i] ?? '').padStart(width)
            : (row[i] ?? '').padEnd(width),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/**
 * A text from elsewhere, of which neither a terminal nor an agent of Azure Pipelines
 * takes anything for a command.
 *
 * Source: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands#logging-command-format
 */
export function printable(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, '\uFFFD')
    .replace(/##(?=(vso)?\[)/g, '# #');
}

/** JSON for machines, with the same said in escapes where a terminal or an agent would take it for a command. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f\p{Bidi_Control}]|#(?=#(vso)?\[)/gu,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** A size in words: `0 B`, `950 B`, `1.2 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A span of time in its largest unit: `45 s`, `59 min`, `23 h`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
