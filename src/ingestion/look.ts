import {
  AzureDevOpsRequestError,
  ERROR_KINDS,
  isRejectedByLimiter,
} from '../azure/errors';
import type {
  AzureDevOpsClients,
  AzureDevOpsClient,
  Repository,
  VersionRef,
} from '../azure/types';
import { explainAccessError } from '../azure/explain';
import { literalPath } from '../config/patterns';
import type { ProviderSettings } from '../config/settings';
import type { CredentialDirectory } from '../credentials/types';
import type { CatalogRules } from '../descriptors/rules';
import type { YamlParser } from '../descriptors/yaml';
import type { Organization } from '../organization';
import type { AskedRepository, FileFacts, LookFacts } from '../policy/explain';
import { pathOf } from '../policy/nothing-found';
import { selectRepositories } from '../policy/select';
import { DescriptorParser } from './descriptor-parser';
import { probeRepository } from './probe';
import type { Turns } from '../concurrency';
import { messageOf } from '../thrown';

/** How long somebody who asks waits for one look, in milliseconds. */
const PATIENCE_MS = 30_000;
/** A larger listing is not read for what lies elsewhere, in bytes. */
const LISTING_BYTES = 2 * 1_048_576;
/** How many files that look like descriptors are named. */
const MOST_LOOKALIKES = 5;
/** What descriptors are usually called, as {@link stemOf} has it. */
const USUAL_STEM = 'cataloginfo';

interface LookInput {
  readonly clients: AzureDevOpsClients;
  readonly credentials: CredentialDirectory;
  readonly organization: Organization;
  readonly settings: ProviderSettings;
  readonly rules: CatalogRules;
  readonly yaml: YamlParser;
  readonly turns: Turns;
  readonly asked: AskedRepository;
  /** Whether the files are read, or only the repository is asked for. */
  readonly readsFiles: boolean;
}

/**
 * One look at one repository, for somebody who asks: whether it is visible and
 * selected, what its descriptors give, and what lies there if there is none.
 * Nothing is written down. Whatever fails is an answer.
 */
export async function lookAtRepository(input: LookInput): Promise<LookFacts> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const { clients, organization, settings } = input;
    const { project, repository } = input.asked;
    const client = clients.forOrganization(organization);
    const found = await client.getRepository({ project, repository, signal });
    if (!found) return { outcome: 'not-visible' };
    const { selected } = selectRepositories({
      settings,
      repositories: [found],
    });
    if (!input.readsFiles || selected.length === 0) {
      return { outcome: 'found', repository: found };
    }
    return {
      outcome: 'found',
      repository: found,
      ...(await readFiles(input, client, found, signal)),
    };
  } catch (error) {
    const message = await explainFailure(input, error, input.organization);
    return { outcome: 'failed', message: message ?? describe(error) };
  }
}

/** What reading the files of a repository found. */
type FoundFiles = Omit<
  Extract<LookFacts, { outcome: 'found' }>,
  'outcome' | 'repository'
>;

async function readFiles(
  input: LookInput,
  client: AzureDevOpsClient,
  repository: Repository,
  signal: AbortSignal,
): Promise<FoundFiles> {
  const { settings, turns } = input;
  const { path } = input.asked;
  const files: FileFacts[] = [];
  const only =
    path !== undefined && settings.paths.some(it => it.matches(path))
      ? [literalPath(path)]
      : undefined;
  const { unknown, brokenOff } = await probeRepository({
    client,
    parser: new DescriptorParser({ ...input, signal }),
    turns,
    repository,
    settings: { ...settings, paths: only ?? settings.paths },
    known: [],
    expectChange: true,
    handOn: async found => {
      for (const it of found) {
        if (it.outcome !== 'present') continue;
        files.push({
          path: it.path,
          url: it.target,
          objectId: it.objectId,
          rejections: it.rejections,
          entityRefs: it.claims.flatMap(({ kind, entityRef }) =>
            kind === 'entity' ? [entityRef] : [],
          ),
        });
      }
    },
    signal,
  });
  const failure = unknown ?? brokenOff?.reason;
  // What was read in the time that somebody waits is an answer.
  const problem =
    failure !== undefined && (unknown || files.length === 0)
      ? describe(failure)
      : undefined;
  return files.length > 0 || problem !== undefined
    ? { files, problem }
    : { files, ...(await lookElsewhere(input, client, repository, signal)) };
}

/** What lies in a repository that has no descriptor where it is looked for. */
async function lookElsewhere(
  { settings, asked: { path } }: LookInput,
  client: AzureDevOpsClient,
  repository: Repository,
  signal: AbortSignal,
): Promise<FoundFiles> {
  const version: VersionRef | undefined =
    settings.branch === undefined
      ? undefined
      : { type: 'branch', version: settings.branch };
  try {
    const listing = await client.listItems({
      repository: repository.id,
      path: '/',
      version,
      maxBytes: LISTING_BYTES,
      signal,
    });
    if (listing.outcome === 'absent') {
      return {
        isBranchMissing: listing.reason === 'branch-not-found',
        isEmpty: listing.reason === 'repository-empty',
      };
    }
    const wanted = [path, ...settings.paths.map(pathOf)].flatMap(it =>
      it === undefined ? [] : [stemOf(it)],
    );
    return {
      lookalikes: listing.items
        .map(item => item.path)
        .filter(
          it =>
            /\.ya?ml$/i.test(it) &&
            [USUAL_STEM, ...wanted].includes(stemOf(it)),
        )
        .sort((a, b) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1))
        .slice(0, MOST_LOOKALIKES),
    };
  } catch (error) {
    if (isRejectedByLimiter(error)) throw error;
    // It was only to help.
    return {};
  }
}

/** The name of a file, without what people confuse: case, extension, hyphens. */
function stemOf(path: string): string {
  return path
    .slice(path.lastIndexOf('/') + 1)
    .toLowerCase()
    .replace(/\.ya?ml$/, '')
    .replace(/[^\p{L}\p{N}]/gu, '');
}

function depthOf(path: string): number {
  return path.split('/').length;
}

function describe(error: unknown): string {
  return error instanceof Error && error.name === 'TimeoutError'
    ? `it took longer than ${PATIENCE_MS / 1_000} s`
    : messageOf(error);
}

/** The cause and the cure behind a request that an organization denied. */
export async function explainFailure(
  { credentials }: { readonly credentials: CredentialDirectory },
  error: unknown,
  organization: Organization,
): Promise<string | undefined> {
  if (
    !(error instanceof AzureDevOpsRequestError) ||
    !ERROR_KINDS[error.fault.kind].aboutCredential
  ) {
    return undefined;
  }
  const { message } = await explainAccessError(
    error,
    credentials.forOrganization(organization),
  );
  return message;
}
