import type { Config } from '@backstage/config';
import type { ConfigurationError } from '../config/index';
import { type Organization } from '../organization';
import type { Check } from './check';
import { examine } from './examination';
import { type Io, mayColour, organizationJson, widthOf } from './io';
import { selectOrganizations } from './organizations';
import { EXIT, type ExitCode } from './problem';
import { Progress } from './progress';
import { painter, renderChecks, renderTotals } from './report';
import { openSession } from './session';

export interface DoctorOptions {
  /** As they were named; empty for all that are configured. */
  readonly organization: readonly string[];
  readonly json: boolean;
}

/** What was found about one organization, or about the configuration. */
interface Report {
  readonly title: string;
  readonly organization?: Organization;
  readonly checks: readonly Check[];
}

/** Looks at every organization, and says of each thing whether it is right and, if not, what to do. */
export async function doctor(
  config: Config,
  options: DoctorOptions,
  io: Io,
): Promise<ExitCode> {
  const selection = selectOrganizations(config, options.organization);
  const progress = new Progress(io.stderr);
  const session = openSession(config, io, progress);
  const paint = painter(!options.json && mayColour(io.stdout, io.env));
  const width = widthOf(io.stdout);
  const reports: Report[] = [];
  const add = (report: Report) => {
    reports.push(report);
    progress.clear();
    if (options.json) return;
    const text = renderChecks(report.title, report.checks, width, paint);
    io.stdout.write(`${text}\n\n`);
  };
  try {
    for (const mistake of selection.mistakes) add(configurationReport(mistake));
    for (const organization of selection.organizations) {
      const checks = await examine({ session, organization, io, progress });
      const title = organization.label;
      add({ title, organization, checks });
    }
  } finally {
    progress.clear();
    await session.close();
  }
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
    checks: error.mistakes.map(({ message }) => ({
      name: 'configuration',
      status: 'fail',
      message,
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
  return JSON.stringify({ passed, reports: shown }, null, 2);
}
