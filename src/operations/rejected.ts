import type { Rejection } from '../policy/model';
import type { Field, Operation } from './operation';
import { PAGE, pageOf } from './page';
import type { Providers } from './providers';
import { array, count, object, text } from './schema';

const PROVIDER: Field = {
  in: 'query',
  type: 'string',
  description: 'The id of a provider, as the configuration has it',
  example: 'main',
  isRequired: true,
};

/** Files of which a document was rejected. */
export function rejectedFilesOperation(providers: Providers): Operation {
  return {
    id: 'rejectedFiles',
    action: 'list-azure-devops-rejected-files',
    method: 'get',
    path: '/rejected-files',
    title: 'Descriptors with rejected documents',
    description:
      'Files of which the catalog does not take a document, by URL, with what is wrong, where, and why.',
    permission: 'read',
    input: { provider: PROVIDER, ...PAGE },
    answer: object({
      total: count('How many there are'),
      files: array(
        object({
          organization: text('As host/name, in lower case'),
          url: text('Of the file'),
          rejections: array(
            object({
              document: count('Which document of the file, from 1'),
              'line?': count('Where in the file, from 1'),
              'column?': count('From 1'),
              reason: text('In one word'),
              message: text('What is wrong'),
            }),
          ),
        }),
      ),
    }),
    async run(input) {
      const [provider] = await providers.all(String(input.provider));
      const page = await provider?.ledger.reports.rejections(pageOf(input));
      return {
        total: page?.total ?? 0,
        files: (page?.files ?? []).map(
          ({ organization, target, rejections }) => ({
            organization,
            url: target,
            rejections: rejections.map(describe),
          }),
        ),
      };
    },
  };
}

function describe({ index, line, column, reason, message }: Rejection) {
  return { document: index + 1, line, column, reason, message };
}

/** Entities that more than one descriptor gives. */
export function duplicatesOperation(providers: Providers): Operation {
  return {
    id: 'duplicates',
    action: 'list-azure-devops-duplicates',
    method: 'get',
    path: '/duplicates',
    title: 'Entities that more than one descriptor gives',
    description:
      'One of the descriptors gives the entity to the catalog; the others are left out until that one is gone.',
    permission: 'read',
    input: { provider: PROVIDER, ...PAGE },
    answer: object({
      total: count('How many there are'),
      duplicates: array(
        object({
          entityRef: text('Which entity'),
          owner: text('The URL of the descriptor that gives it'),
          others: array(text('The URL of a descriptor that is left out')),
        }),
      ),
    }),
    async run(input) {
      const [provider] = await providers.all(String(input.provider));
      const { limit, offset } = pageOf(input);
      const refs = (await provider?.ledger.reports.contested()) ?? [];
      const some = refs.slice(offset, offset + limit);
      const found = (await provider?.ledger.reports.duplicates(some)) ?? [];
      return {
        total: refs.length,
        duplicates: found.map(({ entityRef, owner, others }) => ({
          entityRef,
          owner,
          others: [...others],
        })),
      };
    },
  };
}
