import { DOCUMENTATION } from '../documentation';
import { nearest } from '../nearest';
import type { Answer, Explanation, ProviderQuestion } from './explain/answer';
import { few, meant, namesOf, timeFacts } from './explain/question';
import { judgeFiles, judgeHeldBack } from './explain/files';
import {
  judgeReading,
  judgeSelection,
  judgeVisibility,
} from './explain/repository';

export {
  REASONS,
  type AskedRepository,
  type Explanation,
  type FileFacts,
  type LedgerFacts,
  type LookFacts,
  type ProviderQuestion,
  type ReferenceFacts,
} from './explain/answer';
export { DUPLICATE_CURE, duplicateCause } from './explain/files';
export { askedFile, few } from './explain/question';

/** One line: cause, cure and where to read more. */
export function describeExplanation({
  cause,
  cure,
  docs,
}: Pick<Explanation, 'cause' | 'cure' | 'docs'>): string {
  return `${cause}${cause.endsWith('?') ? '' : '.'} What to do: ${cure} (${docs})`;
}

/** A URL that names no repository of Azure DevOps. @param message - why, in a sentence or two */
export function explainUnsupportedUrl(message: string): Explanation {
  return complete({
    reason: 'unsupported-url',
    cause: `What is asked about is no repository of Azure DevOps: ${message.replace(/\.$/, '')}`,
    cure: 'Give the address of the repository or the file as the browser shows it, or as Git clones it',
  });
}

/** A repository of an organization that no provider reads. */
export function explainNoProvider({
  organization,
  configured,
}: {
  readonly organization: string;
  /** Those of all providers. */
  readonly configured: readonly string[];
}): Explanation {
  // The same host makes no name like another.
  const nameOf = (label: string) => label.slice(label.lastIndexOf('/') + 1);
  const name = nearest(nameOf(organization), configured.map(nameOf));
  const didYouMean = configured.find(label => nameOf(label) === name);
  const those =
    configured.length === 0
      ? 'none is configured'
      : `configured ${configured.length === 1 ? 'is' : 'are'} ${few(configured)}`;
  return complete(
    {
      reason: 'no-provider',
      cause: `No provider reads ${organization}: ${those}${meant(didYouMean)}`,
      cure: 'Add the organization to a block under `catalog.providers.azureDevOps`, or correct the address',
      facts: { key: 'catalog.providers.azureDevOps', didYouMean },
    },
    { organization },
  );
}

/** A provider of which nobody knows what it would read. @param message - what is wrong with its block */
export function explainMisconfigured(
  provider: string,
  message: string,
): Explanation {
  return complete(
    {
      reason: 'misconfigured',
      cause: `${message.replace(/\s+/g, ' ').replace(/\.$/, '')}; it reads nothing until then`,
      cure: 'Correct the configuration, and restart the backend',
      facts: { key: `catalog.providers.azureDevOps.${provider}` },
    },
    { provider },
  );
}

/** A reference that no known descriptor gives. */
export function explainNoSuchEntity(entityRef: string): Explanation {
  return complete({
    reason: 'no-such-entity',
    cause: `No descriptor that is known gives ${entityRef}`,
    cure: 'Compare kind, namespace and name with the file, and ask with the address of the file: what it lacks is then said. What came into the catalog from elsewhere is not known here',
    facts: { entityRefs: [entityRef] },
  });
}

/**
 * Why a repository, a file or an entity of a provider is in the catalog, or is
 * not. Pure, and total: whatever is known, there is an answer, which says what to
 * do.
 */
export function explainProvider(question: ProviderQuestion): Explanation {
  const { settings, organization } = question;
  const { project, name } = namesOf(question);
  const { facts, ...answer } = judge(question);
  const all = { ...answer, facts: { ...facts, ...timeFacts(question) } };
  return complete(all, {
    provider: settings.id,
    organization,
    project,
    repository: name,
  });
}

function complete(
  { reason, cause, cure, facts = {} }: Answer,
  where: Pick<
    Explanation,
    'provider' | 'organization' | 'project' | 'repository'
  > = {},
): Explanation {
  return {
    reason,
    ...where,
    cause,
    cure,
    docs: `${DOCUMENTATION}/explain.md#${reason}`,
    facts,
  };
}

/** The first of the reasons that applies: what concerns the whole repository, then its files. */
function judge(question: ProviderQuestion): Answer {
  return (
    judgeHeldBack(question) ??
    judgeVisibility(question) ??
    judgeSelection(question) ??
    judgeReading(question) ??
    judgeFiles(question)
  );
}
