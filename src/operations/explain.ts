import { ServiceUnavailableError } from '@backstage/errors';
import { refreshTaskId } from '../ingestion/provider';
import type { StoredRefresh } from '../ingestion/report';
import { Ledger } from '../ledger/ledger';
import { LedgerLookup } from '../ledger/lookup';
import { REASONS } from '../policy/explain';
import {
  explainQuestion,
  withMessage,
  type ExplainSources,
} from './explain-question';
import type { Operation } from './operation';
import type { OperationsContext, Providers } from './providers';
import { array, boolean, count, object, oneOf, text, time } from './schema';

const FACTS = object({
  'key?': text('The key of the configuration that decides'),
  'didYouMean?': text('What was probably meant'),
  'branch?': text('The branch that is read'),
  'paths?': array(text('Where descriptors are looked for')),
  'path?': text('The descriptor that the answer is about'),
  'url?': text('Its URL'),
  'objectId?': text("The blob's object id"),
  'line?': count('From 1'),
  'column?': count('From 1'),
  'entityRefs?': array(
    text('An entity that the answer is about; the first 20'),
  ),
  'owner?': text('What gives the entity instead'),
  'lookalikes?': array(text('A file that looks like a descriptor')),
  'readAt?': time('When the repository was last read'),
  'nextRefreshAt?': time('When the next refresh begins'),
  'nextReadBy?': time('When the repository is read again at the latest'),
  'isDue?': boolean('An event named it: it is looked at in a moment'),
  'heldBack?': object({
    grade: oneOf('confirmed', 'inferred', 'deselected'),
    count: count('Removals that are held back together'),
    total: count('Entities of the organization'),
    percentage: { type: 'number' },
    limit: { type: 'number' },
    code: text('The code by which this very set can be approved'),
  }),
});

const ANSWER = object({
  reason: oneOf(...REASONS),
  'provider?': text('The id of the provider'),
  'organization?': text('As host/name'),
  'project?': text('Its name'),
  'repository?': text('Its name'),
  cause: text('In a sentence, without the full stop'),
  cure: text('What to do, without the last full stop'),
  docs: text('Where to read more'),
  message: text('All of it in one line'),
  facts: FACTS,
});

/** So many questions with `fresh` are answered at once: each reads files, ahead of what refreshes ask for. */
const MOST_FRESH = 4;

/** Why something is in the catalog, or is not. */
export function explainOperation(
  context: OperationsContext,
  providers: Providers,
): Operation {
  let underWay = 0;
  return {
    id: 'explain',
    action: 'explain-azure-devops-repository',
    method: 'get',
    path: '/explain',
    title: 'Why a repository is in the catalog, or is not',
    description:
      'Give either a URL or an entity reference. The answer is that of each provider that reads the organization, with what to do. ' +
      'It names no other repository, but for the one that gives the same entity.',
    permission: 'read',
    input: {
      url: {
        in: 'query',
        type: 'string',
        description:
          'The URL of a repository, or of a file in it, in any form that Azure DevOps or Git has',
        example: 'https://dev.azure.com/contoso/payments/_git/api',
      },
      entityRef: {
        in: 'query',
        type: 'string',
        description: 'An entity reference',
        example: 'component:default/api',
      },
      fresh: {
        in: 'query',
        type: 'boolean',
        description: `Whether the repository is looked at now, which takes some requests to Azure DevOps; false if left out. At most ${MOST_FRESH} at a time`,
      },
    },
    answer: object({ answers: array(ANSWER) }),
    async run({ url, entityRef, fresh }) {
      if (fresh && underWay >= MOST_FRESH) {
        throw new ServiceUnavailableError(
          `${MOST_FRESH} fresh looks are under way, which is as many as this backend takes at a time. ` +
            'What to do: ask again in a moment, or without `fresh` for what is known',
        );
      }
      underWay += fresh ? 1 : 0;
      try {
        const answers = await explainQuestion(
          await sourcesOf(context, providers),
          {
            url: url as string | undefined,
            entityRef: entityRef as string | undefined,
            fresh: fresh === true,
          },
        );
        return { answers: answers.map(withMessage) };
      } finally {
        underWay -= fresh ? 1 : 0;
      }
    },
  };
}

async function sourcesOf(
  { readings, service, look }: OperationsContext,
  providers: Providers,
): Promise<ExplainSources> {
  const knex = await providers.database();
  return {
    readings,
    locations: service.content.context,
    look,
    ledger: {
      lookup: new LedgerLookup(knex),
      async lastRefresh({ providerName }) {
        const { reports, heldBack } = new Ledger(knex, providerName);
        const last = (await reports.lastRefresh()) as StoredRefresh | undefined;
        return {
          organizations: last?.organizations ?? [],
          heldBack: await heldBack.list(),
          nextRefreshAt: await reports.nextRunAt(refreshTaskId(providerName)),
        };
      },
    },
  };
}
