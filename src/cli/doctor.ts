import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Config } from '@backstage/config';
import type { ConfigurationError } from '../config/mistakes';
import { type Organization } from '../organization';
import { type Check, docsOfCheck } from './checks';
import {
  type CommandOptions,
  EXIT,
  type ExitCode,
  type Io,
  mayColour,
  organizationJson,
  widthOf,
} from './io';
import { Examination } from './examination';
import { selectOrganizations } from './organizations';
import { type Session, withSession } from './session';
import { hanging, toJsonText, wrap } from './text';

/** A check says all that the log would, so that nothing stands there twice. */
const SILENT: LoggerService = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => SILENT,
};

/** What was found about one organization, or about the configuration. */
interface Report {
  readonly title: string;
  readonly organization?: Organization;
  readonly checks: readonly Check[];
}

/** Checks every organization, and reports what is wrong and what to do. */
export async function doctor(
  config: Config,
  options: CommandOptions,
  io: Io,
): Promise<ExitCode> {
  const { organizations, configured, mistakes } = selectOrganizations(
    config,
    options.organization,
  );
  const paint = painter(!options.json && mayColour(io.stdout, io.env));
  const width = widthOf(io.stdout);
  const reports: Report[] = [];
  const add = (report: Report) => {
    reports.push(report);
    if (options.json) return;
    const text = renderChecks(report.title, report.checks, width, paint);
    io.stdout.write(`${text}\n\n`);
  };
  for (const mistake of mistakes) add(configurationReport(mistake));
  const examine = async (session: Session) => {
    for (const organization of organizations) {
      const checks = await new Examination(
        session,
        organization,
        configured,
        io,
      ).run();
      session.progress.clear();
      add({ title: organization.label, organization, checks });
    }
  };
  await withSession(config, io, examine, SILENT);
  const all = reports.flatMap(report => report.checks);
  io.stdout.write(
    options.json ? `${renderJson(reports)}\n` : `${renderTotals(all)}\n`,
  );
  return all.some(check => check.status === 'fail') ? EXIT.problem : EXIT.ok;
}

function configurationReport(error: ConfigurationError): Report {
  const [title = 'catalog.providers.azureDevOps'] = error.message.split('\n');
  return {
    title,
    checks: error.mistakes.map(message => ({
      name: 'configuration',
      status: 'fail',
      message,
      docs: docsOfCheck('configuration'),
    })),
  };
}

function renderJson(reports: readonly Report[]): string {
  const passed = reports.every(({ checks }) =>
    checks.every(check => check.status !== 'fail'),
  );
  const shown = reports.map(({ organization, ...report }) => ({
    ...report,
    organization: organization && organizationJson(organization),
  }));
  return toJsonText({ passed, reports: shown });
}

type Paint = (status: Check['status'], text: string) => string;

const COLOURS = { pass: 32, warn: 33, fail: 31 } as const;

/** Colours for a terminal, or none. */
function painter(coloured: boolean): Paint {
  return (status, text) =>
    coloured ? `\u001b[${COLOURS[status]}m${text}\u001b[0m` : text;
}

const NAME_WIDTH = 15;

/** What was found about one organization, or about the configuration, for people. */
function renderChecks(
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
      ...(status === 'pass' ? [] : [hanging(`${indent}   `, docs, width)]),
    ];
  });
  return [...wrap(title, width), ...lines].join('\n');
}

/** The last line: how much of everything there was. */
function renderTotals(checks: readonly Check[]): string {
  const of = (status: Check['status']) =>
    checks.filter(check => check.status === status).length;
  return `${of('pass')} passed, ${of('warn')} warned, ${of('fail')} failed`;
}
