import type { Config } from '@backstage/config';
import type { Repository } from '../azure/types';
import { describeCredential } from '../credentials/problems/diagnosis';
import type { CredentialDescription } from '../credentials/types';
import type { Organization } from '../organization';
import { counted } from '../counted';
import { type CommandOptions, EXIT, type ExitCode, type Io } from './io';
import { askOrganizations, type Session } from './session';
import {
  type Column,
  formatBytes,
  hanging,
  printable,
  renderTable,
  toJsonText,
} from './text';

interface RepositoriesOptions extends CommandOptions {
  /** The name or GUID of one project. */
  readonly project?: string;
}

/** What one organization answered. */
interface Listing {
  readonly credential: CredentialDescription;
  readonly repositories: readonly Repository[];
}

/** Lists every repository that the matching credentials may read. */
export async function repositories(
  config: Config,
  options: RepositoriesOptions,
  io: Io,
): Promise<ExitCode> {
  const { json, isWhole } = await askOrganizations(config, options, io, {
    doing: 'listing repositories',
    ask: async (session, organization) =>
      await list(session, organization, options.project),
    render,
    toJson: ({ credential, repositories: listed }) => ({
      credential,
      repositories: listed.map(it => ({ ...it, state: stateOf(it) })),
    }),
  });
  if (options.json) {
    io.stdout.write(`${toJsonText({ organizations: json })}\n`);
  }
  return isWhole ? EXIT.ok : EXIT.problem;
}

async function list(
  session: Session,
  organization: Organization,
  project: string | undefined,
): Promise<Listing> {
  const credential = session.credentials
    .forOrganization(organization)
    .describe();
  const listed = await session.clients.interactive
    .forOrganization(organization)
    .listRepositories({ project });
  return { credential, repositories: sortRepositories(listed.repositories) };
}

function render(
  { credential, repositories: listed }: Listing,
  { label }: Organization,
  width: number,
): string {
  const as = `read with ${describeCredential(credential)}`;
  const heading = hanging('', `${label}: ${summarize(listed)}, ${as}`, width);
  const body =
    listed.length > 0
      ? renderRepositories(listed)
      : hanging('', NOTHING_VISIBLE, width);
  return `${heading}\n\n${body}`;
}

const NOTHING_VISIBLE =
  'Azure DevOps leaves out without a word what the identity may not read. Give it the access level Basic ' +
  'and add it to the group Readers of the projects; `azure-devops-catalog doctor` tells more.';

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

/** How many repositories in how many projects; those of a project that is being created or deleted stand apart. */
export function summarize(repositories: readonly Repository[]): string {
  const usable = repositories.filter(isOfUsableProject);
  const others = repositories.length - usable.length;
  const projects = new Set(usable.map(r => r.project.id)).size;
  return (
    `${counted(usable.length, 'repository')} ` +
    `in ${counted(projects, 'project')}` +
    (others > 0 ? ` (and ${others} in projects being created or deleted)` : '')
  );
}

/** Azure DevOps lists repositories of any project, and of the projects only those that can be used. */
function isOfUsableProject({ project }: Repository): boolean {
  return project.state === 'wellFormed';
}

/** What is to be known of a repository before its files are looked for. */
function stateOf(repository: Repository): string[] {
  const states = [
    ...(repository.isDisabled ? ['disabled'] : []),
    ...(repository.defaultBranch === undefined ? ['empty'] : []),
    ...(repository.isFork ? ['fork'] : []),
    ...(isOfUsableProject(repository)
      ? []
      : [`project ${repository.project.state}`]),
  ];
  return states.length > 0 ? states : ['ready'];
}
