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
  [
    'website',
    entityText(
      'Component',
      'website',
      '{type: Website, lifecycle: production, owner: a}',
    ),
  ],
  ['user', entityText('User', 'user', '{memberOf: [a]}')],
  ['group', entityText('Group', 'group', '{type: team, children: []}')],
  ['resource', entityText('Resource', 'resource', '{type: db, owner: a}')],
]);

/** Serves the files of a map under their canonical URLs. */
function filesReader(files: ReadonlyMap<string, string>) {
  const readUrl: UrlReaderService['readUrl'] = async url => {
    for (const [repository, text] of files) {
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

async function startWith(
  files: ReadonlyMap<string, string>,
  catalog: JsonObject,
): Promise<TestCatalog> {
  return await startCatalog({
    withoutModule: true,
    catalog,
    features: [filesReader(files)],
  });
}

const yaml = testYamlParser();

async function ours(
  files: ReadonlyMap<string, string>,
  catalog: JsonObject,
): Promise<Record<string, Entity>> {
  const documents = await Promise.all(
    [...files].map(([repository, content]) =>
      readDescriptor(yaml, content, { target: urlOf(repository), catalog }),
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

describe('the module gives the entities that static locations of the same files give', () => {
  const locations = [...FILES.keys()].map(repository => ({
    type: 'url',
    target: urlOf(repository),
  }));

  it.each<[string, JsonObject]>([
    ['the default rules', { locations }],
    [
      'rules by kind and type',
      {
        locations,
        rules: [
          { allow: ['user', { kind: 'Component', 'spec.type': 'website' }] },
        ],
      },
    ],
    [
      'rules for some locations',
      {
        rules: [
          { allow: ['Resource'] },
          {
            allow: ['User', 'Group'],
            locations: [
              {
                type: 'url',
                pattern: 'https://DEV.azure.com/contoso/P/_git/u*',
              },
            ],
          },
          {
            allow: ['Group', 'Component'],
            locations: [{ type: 'url', exact: urlOf('component') }],
          },
        ],
        locations: locations.map((location, index) => ({
          ...location,
          ...(index === 4 && { rules: [{ allow: ['Group'] }] }),
        })),
      },
    ],
  ])('under %s', async (_name, config) => {
    const catalog = await startWith(FILES, config);
    try {
      const expected = await ours(FILES, config);
      expect(await theirs(catalog)).toEqual(expected);
      const count = Object.keys(expected).length;
      expect(count).toBeGreaterThan(1);
      expect(count).toBeLessThan(FILES.size);
    } finally {
      await catalog.stop();
    }
  });

  it('with the same values, and of two documents with one reference the last', async () => {
    const files = new Map([
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
    const config = {
      locations: [...files.keys()].map(repository => ({
        type: 'url',
        target: urlOf(repository),
      })),
    };
    const catalog = await startWith(files, config);
    try {
      const own = await ours(files, config);
      expect(Object.keys(own).sort()).toEqual([
        'component:default/other',
        'component:default/twice',
        'component:default/values',
      ]);
      expect(await theirs(catalog)).toEqual(own);
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
});
