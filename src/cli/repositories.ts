import type { Config } from '@backstage/config';
import type { Repository } from '../azure/types';
import { describeCredential } from '../credentials/problems/diagnosis';
import type { CredentialDescription } from '../credentials/types';
import type { Organization } from '../organization';
import {
  EXIT,
  type ExitCode,
  type Io,
  organizationJson,
  Progress,
  widthOf,
} from './io';
import { selectOrganizations } from './organizations';
import {
  type Failure,
  findCause,
  openSession,
  renderFailure,
  type Session,
} from './session';
import {
  type Column,
  count,
  formatBytes,
  hanging,
  printable,
  renderTable,
  toJsonText,
} from './text';

export interface RepositoriesOptions {
  /** As they were named; empty for all that are configured. */
  readonly organization: readonly string[];
  /** The name or GUID of one project. */
  readonly project?: string;
  readonly json: boolean;
}

/** What one organization answered. */
type Listing = { readonly organization: Organization } & (
  | {
      readonly credential: CredentialDescription;
      readonly repositories: readonly Repository[];
    }
  | { readonly failure: Failure }
);

/** Lists every repository that the matching credentials may read. */
export async function repositories(
  config: Config,
  options: RepositoriesOptions,
  io: Io,
): Promise<ExitCode> {
  const selection = selectOrganizations(config, options.organization);
  const progress = new Progress(io.stderr);
  const session = openSession(config, io, progress);
  const listings: Listing[] = [];
  try {
    for (const mistake of selection.mistakes) {
      io.stderr.write(`${mistake.message}\n\n`);
    }
    for (const organization of selection.organizations) {
      const name = organization.label;
      progress.show(`${name}: listing repositories ...`);
      const listing = await list(session, organization, options.project);
      progress.clear();
      listings.push(listing);
      if (!options.json) write(listing, io);
    }
  } finally {
    progress.clear();
    await session.clients.close();
  }
  if (options.json) io.stdout.write(`${renderJson(listings)}\n`);
  const failed =
    selection.mistakes.length > 0 || listings.some(l => 'failure' in l);
  return failed ? EXIT.problem : EXIT.ok;
}

async function list(
  session: Session,
  organization: Organization,
  project: string | undefined,
): Promise<Listing> {
  try {
    const credential = session.credentials
      .forOrganization(organization)
      .describe();
    const { repositories } = await session.clients.interactive
      .forOrganization(organization)
      .listRepositories({ project });
    return {
      organization,
      credential,
      repositories: sortRepositories(repositories),
    };
  } catch (error) {
    const failure = await findCause(session, organization, error);
    return { organization, failure };
  }
}

function write(listing: Listing, io: Io): void {
  const name = listing.organization.label;
  if ('failure' in listing) {
    io.stderr.write(
      `${renderFailure(name, listing.failure, widthOf(io.stderr))}\n\n`,
    );
    return;
  }
  const width = widthOf(io.stdout);
  const found = listing.repositories;
  const as = `read with ${describeCredential(listing.credential)}`;
  const heading = hanging('', `${name}: ${summarize(found)}, ${as}`, width);
  const body =
    found.length > 0
      ? renderRepositories(found)
      : hanging('', NOTHING_VISIBLE, width);
  io.stdout.write(`${heading}\n\n${body}\n\n`);
}

const NOTHING_VISIBLE =
  'Azure DevOps leaves out without a word what the identity may not read. Give it the access level Basic ' +
  'and add it to the group Readers of the projects; `azure-devops-catalog doctor` tells more.';

function renderJson(listings: readonly Listing[]): string {
  const organizations = listings.map(listing =>
    'failure' in listing
      ? {
          ...organizationJson(listing.organization),
          credential: listing.failure.credential,
          error: listing.failure.diagnosis,
        }
      : {
          ...organizationJson(listing.organization),
          credential: listing.credential,
          repositories: listing.repositories.map(repository => ({
            ...repository,
            state: stateOf(repository),
          })),
        },
  );
  return toJsonText({ organizations });
}

/** The name comes last, so that a long one pushes nothing out of its column. */
const COLUMNS: readonly Column[] = [
  { title: 'SIZE', align: 'right' },
  { title: 'STATE' },
  { title: 'DEFAULT BRANCH' },
  { title: 'PROJECT' },
  { title: 'REPOSITORY' },
];

/** Repositories by project and name, as people look for them. */
function sortRepositories(repositories: readonly Repository[]): Repository[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [...repositories].sort(
    (a, b) =>
      compare(a.project.name, b.project.name) || compare(a.name, b.name),
  );
}

/** A table of repositories for people. */
function renderRepositories(repositories: readonly Repository[]): string {
  return renderTable(
    COLUMNS,
    repositories.map(repository =>
      [
        repository.size === undefined ? '-' : formatBytes(repository.size),
        stateOf(repository).join(', '),
        repository.defaultBranch ?? '-',
        repository.project.name,
        repository.name,
      ].map(printable),
    ),
  );
}

/** How many repositories in how many projects. */
export function summarize(repositories: readonly Repository[]): string {
  const projects = new Set(repositories.map(r => r.project.id)).size;
  return (
    `${count(repositories.length, 'repository', 'repositories')} ` +
    `in ${count(projects, 'project')}`
  );
}

/** What is to be known of a repository before its files are looked for. */
function stateOf(repository: Repository): string[] {
  const states = [
    ...(repository.isDisabled ? ['disabled'] : []),
    ...(repository.defaultBranch === undefined ? ['empty'] : []),
    ...(repository.isFork ? ['fork'] : []),
    ...(repository.project.state === 'wellFormed'
      ? []
      : [`project ${repository.project.state}`]),
  ];
  return states.length > 0 ? states : ['ready'];
}
