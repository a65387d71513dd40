import { Readable } from 'node:stream';
import {
  ReadUrlResponseFactory,
  urlReaderFactoriesServiceRef,
} from '@backstage/backend-defaults/urlReader';
import {
  createServiceFactory,
  type UrlReaderService,
} from '@backstage/backend-plugin-api';
import type { Entity } from '@backstage/catalog-model';
import { NotFoundError } from '@backstage/errors';
import type { JsonObject } from '@backstage/types';
import { canonicalUrl } from '../../src/descriptors/url';
import { Organization } from '../../src/organization';
import { startCatalog, type TestCatalog } from '../support/backend';
import { readDescriptor, testYamlParser } from './support/read';

// The same files through the catalog's own static locations and through us.

const organization = new Organization('dev.azure.com', 'contoso');

function urlOf(repository: string): string {
  return canonicalUrl({
    organization,
    project: 'P',
    repository,
    path: '/catalog-info.yaml',
  });
}

function entityText(kind: string, name: string, spec: string): string {
  return `apiVersion: backstage.io/v1alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\nspec: ${spec}\n`;
}

const COMPONENT = '{type: service, lifecycle: production, owner: a}';
const FILES = new Map<string, string>([
  ['component', entityText('Component', 'component', COMPONENT)],
  ['lower', entityText('component', 'lower', COMPONENT)],
  ['user', entityText('User', 'user', '{memberOf: [a]}')],
  ['group', entityText('Group', 'group', '{type: team, children: []}')],
  ['resource', entityText('Resource', 'resource', '{type: db, owner: a}')],
  [
    'values',
    `${entityText('Component', 'values', COMPONENT)}  \n`.replace(
      'spec: {',
      'spec: {set: !!set {x, y}, map: !!omap [a: 1], bytes: !!binary aGVsbG8=, day: !!timestamp 2001-01-01, far: .inf, none: .nan, zero: -0, list: &l [1, ~], again: *l , {{ a }}: b, "é😀\\0": "\\ud800", ',
    ),
  ],
  [
    'twice',
    [
      entityText('Component', 'twice', COMPONENT.replace('a}', 'first}')),
      entityText('Component', 'other', COMPONENT),
      entityText('component', 'Twice', COMPONENT.replace('a}', 'last}')),
    ].join('---\n'),
  ],
]);

/** Rules everywhere, by pattern, by exact URL, and of single locations. */
const CATALOG: JsonObject = {
  rules: [
    { allow: ['Resource'] },
    {
      allow: ['User', 'Group'],
      locations: [
        { type: 'url', pattern: 'https://DEV.azure.com/contoso/P/_git/u*/*' },
      ],
    },
    {
      allow: ['Group', { kind: 'Component', 'spec.type': 'Service' }],
      locations: [{ type: 'url', exact: urlOf('component') }],
    },
  ],
  locations: [...FILES.keys()].map(repository => ({
    type: 'url',
    target: urlOf(repository),
    ...(['values', 'twice'].includes(repository) && {
      rules: [{ allow: ['Component'] }],
    }),
  })),
};

/** Serves the files under their canonical URLs. */
function filesReader() {
  const readUrl: UrlReaderService['readUrl'] = async url => {
    for (const [repository, text] of FILES) {
      if (url === urlOf(repository)) {
        return await ReadUrlResponseFactory.fromReadable(
          Readable.from([Buffer.from(text)]),
        );
      }
    }
    throw new NotFoundError(`${url} is not there`);
  };
  const reader: UrlReaderService = {
    readUrl,
    readTree: async url => {
      throw new NotFoundError(`${url} is not a folder`);
    },
    search: async url => ({
      etag: '',
      files: [{ url, content: (await readUrl(url)).buffer }],
    }),
  };
  return createServiceFactory({
    service: urlReaderFactoriesServiceRef,
    deps: {},
    factory: () => () => [
      { reader, predicate: (url: URL) => url.host === 'dev.azure.com' },
    ],
  });
}

const yaml = testYamlParser();

async function ours(): Promise<Record<string, Entity>> {
  const documents = await Promise.all(
    [...FILES].map(([repository, content]) =>
      readDescriptor(yaml, content, {
        target: urlOf(repository),
        catalog: CATALOG,
      }),
    ),
  );
  return Object.fromEntries(
    documents
      .flat()
      .filter(document => document.outcome === 'entity')
      .map(({ entityRef, entity }) => [entityRef, entity]),
  );
}

/** What the catalog stored of the files, before its processing of each entity, by reference. */
async function theirs(catalog: TestCatalog): Promise<Record<string, Entity>> {
  await catalog.settled();
  const rows: Array<{ entity_ref: string; unprocessed_entity: string }> =
    await catalog
      .knex('refresh_state')
      .whereNot('entity_ref', 'like', 'location:%')
      .select();
  return Object.fromEntries(
    rows.map(row => [row.entity_ref, JSON.parse(row.unprocessed_entity)]),
  );
}

it('the module gives the entities that static locations of the same files give, under the same rules, and of two documents with one reference the last', async () => {
  const catalog = await startCatalog({
    withoutModule: true,
    catalog: CATALOG,
    features: [filesReader()],
  });
  try {
    const own = await ours();
    expect(await theirs(catalog)).toEqual(own);
    expect(Object.keys(own).sort()).toEqual([
      'component:default/component',
      'component:default/other',
      'component:default/twice',
      'component:default/values',
      'resource:default/resource',
      'user:default/user',
    ]);
    expect(own['component:default/twice']?.spec).toMatchObject({
      owner: 'last',
    });
    expect(own['component:default/values']?.spec).toMatchObject({
      set: {},
      map: {},
      bytes: { type: 'Buffer', data: [104, 101, 108, 108, 111] },
      day: '2001-01-01T00:00:00.000Z',
      far: null,
      none: null,
      zero: 0,
      again: [1, null],
    });
  } finally {
    await catalog.stop();
  }
});
