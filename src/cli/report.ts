import type { Check } from './check';
import { hanging, wrap } from './text';

export type Paint = (status: Check['status'], text: string) => string;

const COLOURS = { pass: 32, warn: 33, fail: 31 } as const;

/** Colours for a terminal, or none. */
export function painter(coloured: boolean): Paint {
  return (status, text) =>
    coloured ? `\u001b[${COLOURS[status]}m${text}\u001b[0m` : text;
}

const NAME_WIDTH = 13;

/** What was found about one organization, or about the configuration, for people. */
export function renderChecks(
  title: string,
  checks: readonly Check[],
  width: number,
  paint: Paint,
): string {
  const lines = checks.flatMap(({ name, status, message, cure, docs }) => {
    const lead = `  ${status}  ${name.padEnd(NAME_WIDTH)} `;
    const indent = ' '.repeat(lead.length);
    return [
      hanging(lead, message, width).replace(status, paint(status, status)),
      ...(cure ? [hanging(`${indent}-> `, cure, width)] : []),
      ...(docs ? [`${indent}   ${docs}`] : []),
    ];
  });
  return [...wrap(title, width), ...lines].join('\n');
}

/** The last line: how much of everything there was. */
export function renderTotals(checks: readonly Check[]): string {
  const of = (status: Check['status']) =>
    checks.filter(check => check.status === status).length;
  return `${of('pass')} passed, ${of('warn')} warned, ${of('fail')} failed`;
}
