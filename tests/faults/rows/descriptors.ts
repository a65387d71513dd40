import type { FileContent } from '../../../dev/simulator/model/files';
import { outage } from '../stage/outage';
import { withComponents, without } from '../stage/picture';
import type { Row } from '../stage/row';
import type { Stage } from '../stage/stage';
import { component, DESCRIPTOR, repositoryName } from '../stage/world';

const NUMBER = 3;
const NAME = 'contoso-3';

const isGone = without('contoso', [NUMBER]);

function put(stage: Stage, files: Record<string, FileContent | null>): void {
  stage.world.repository('contoso', NUMBER).push({ files });
}

function restore(stage: Stage): void {
  put(stage, { [DESCRIPTOR]: component(NAME) });
}

/** The file is there, and nothing in it can be used. */
function unusable(
  name: string,
  injected: string,
  content: () => FileContent,
): Row {
  return outage({
    group: 5,
    name,
    injected,
    expected:
      'Which entity it was cannot be known: the former one stays as it was, and the catalog shows the error until it is repaired.',
    during: [
      {
        begin: stage => put(stage, { [DESCRIPTOR]: content() }),
        errors: 1,
        refreshes: 2,
      },
    ],
    end: restore,
  });
}

/** Group 5: descriptors change, break, and become something else. */
export const DESCRIPTOR_ROWS: readonly Row[] = [
  outage({
    group: 5,
    name: 'a descriptor removed',
    injected: 'the file is deleted',
    expected:
      'Positively absent: gone with the same refresh; back when it is restored.',
    during: [
      { begin: stage => put(stage, { [DESCRIPTOR]: null }), holds: isGone },
    ],
    end: restore,
  }),
  outage({
    group: 5,
    name: 'a descriptor moved out of the configured paths',
    injected: '/catalog-info.yaml becomes /docs/catalog-info.yaml',
    expected:
      'Positively absent: gone with the same refresh; back when it is moved back.',
    during: [
      {
        begin: stage =>
          put(stage, {
            [DESCRIPTOR]: null,
            '/docs/catalog-info.yaml': component(NAME),
          }),
        holds: isGone,
      },
    ],
    end: stage =>
      put(stage, {
        [DESCRIPTOR]: component(NAME),
        '/docs/catalog-info.yaml': null,
      }),
  }),
  outage({
    group: 5,
    name: 'a descriptor moved within the configured paths',
    injected: 'the same, while the configuration finds **/catalog-info.yaml',
    expected: 'The same entity, with the same uid, at the new URL.',
    settings: () => ({ provider: { path: '/**/catalog-info.yaml' } }),
    during: [
      {
        begin: stage =>
          put(stage, {
            [DESCRIPTOR]: null,
            '/docs/catalog-info.yaml': component(NAME),
          }),
      },
    ],
    async check(stage) {
      const { entities } = await stage.snapshot();
      const target = entities.get(`component:default/${NAME}`)?.target;
      return target?.endsWith('?path=/docs/catalog-info.yaml')
        ? []
        : [`expected the new URL, got ${target}`];
    },
  }),
  outage({
    group: 5,
    name: 'an entity moved to another repository',
    injected:
      'a document leaves one file and turns up in that of another repository',
    expected: 'The same entity, with the same uid, from the other file.',
    during: [
      {
        begin(stage) {
          put(stage, { [DESCRIPTOR]: null });
          stage.world.repository('contoso', 20).push({
            files: { [DESCRIPTOR]: component(NAME, 2) },
          });
        },
        holds: withComponents([NAME], 2),
      },
    ],
    endsWith: withComponents([NAME], 2),
    async check(stage) {
      const { entities } = await stage.snapshot();
      const target = entities.get(`component:default/${NAME}`)?.target;
      return target?.includes(repositoryName(20))
        ? []
        : [`expected it from ${repositoryName(20)}, got ${target}`];
    },
  }),
  outage({
    group: 5,
    name: 'an entity moved to another organization, which answers late',
    injected:
      'a document leaves a file of one organization and turns up in that of another, which is answered seconds later',
    expected: 'The same entity, with the same uid, from the other file.',
    strikes: 'all',
    during: [
      {
        begin(stage) {
          put(stage, { [DESCRIPTOR]: null });
          stage.world.repository('fabrikam', 20).push({
            files: { [DESCRIPTOR]: component(NAME, 2) },
          });
          stage.simulator.inject({
            match: {
              organization: 'fabrikam',
              endpoint: 'items',
              repository: [repositoryName(20)],
            },
            delayMs: 10_000,
          });
        },
        holds: withComponents([NAME], 2),
      },
    ],
    end: stage => stage.simulator.faults.removeAll(),
    endsWith: withComponents([NAME], 2),
  }),
  unusable('a descriptor broken', 'YAML that does not parse', () =>
    ['apiVersion: backstage.io/v1alpha1', 'kind: {Component', 'spec: ]'].join(
      '\n',
    ),
  ),
  outage({
    group: 5,
    name: 'one document of two broken, the other changed',
    injected: 'the API of a file with a component no longer parses',
    expected:
      'The component changes, the API stays as it was; the error is shown.',
    during: [
      {
        begin(stage) {
          stage.world.repository('contoso', 10).push({
            files: {
              [DESCRIPTOR]: `${component('contoso-10', 2)}---\nkind: [API\n`,
            },
          });
        },
        errors: 1,
        holds: withComponents(['contoso-10'], 2),
      },
    ],
    end(stage) {
      stage.world.repository('contoso', 10).push({
        files: {
          [DESCRIPTOR]: `${component('contoso-10', 2)}---\n${component('contoso-10-api').replace('Component', 'API').replace('type: service', "type: openapi\n  definition: 'openapi: 3.1.0'")}`,
        },
      });
    },
    endsWith: withComponents(['contoso-10'], 2),
  }),
  outage({
    group: 5,
    name: 'a descriptor repaired',
    injected: 'broken for a while, then repaired into another state',
    expected:
      'The entity stays and then changes; the error is shown only meanwhile.',
    during: [
      {
        begin: stage => put(stage, { [DESCRIPTOR]: 'kind: [Component\n' }),
        errors: 1,
      },
      {
        begin: stage => put(stage, { [DESCRIPTOR]: component(NAME, 2) }),
        holds: withComponents([NAME], 2),
      },
    ],
    endsWith: withComponents([NAME], 2),
  }),
  unusable(
    'a descriptor of 10 MB',
    '10 MB of YAML',
    () =>
      `${component(NAME, 2)}  note: |\n${`    ${'x'.repeat(1_019)}\n`.repeat(10 * 1_024)}`,
  ),
  outage({
    group: 5,
    name: 'a symlink that leads nowhere for a descriptor',
    injected:
      'a symbolic link to a file that is not there, in place of the file',
    expected:
      'Links are followed, and there is no such file: gone with the same refresh; back with the file.',
    during: [
      {
        begin: stage =>
          put(stage, { [DESCRIPTOR]: { symlink: 'docs/catalog-info.yaml' } }),
        holds: isGone,
      },
    ],
    end: restore,
  }),
  outage({
    group: 5,
    name: 'a folder for a descriptor',
    injected: 'a folder of the same name in place of the file',
    expected:
      'There is no such file any more: gone with the same refresh; back with the file.',
    during: [
      {
        begin(stage) {
          put(stage, { [DESCRIPTOR]: null });
          put(stage, { [`${DESCRIPTOR}/README.md`]: 'A folder.\n' });
        },
        holds: isGone,
      },
    ],
    end(stage) {
      put(stage, { [DESCRIPTOR]: null });
      restore(stage);
    },
  }),
  unusable(
    'a Git LFS pointer for a descriptor',
    'a pointer in place of the content',
    () =>
      [
        'version https://git-lfs.github.com/spec/v1',
        `oid sha256:${'4d7a2146'.repeat(8)}`,
        'size 12345',
        '',
      ].join('\n'),
  ),
  unusable(
    'a binary file for a descriptor',
    'bytes that are no text in place of the file',
    () =>
      Buffer.from(Array.from({ length: 4_096 }, (_, i) => (i * 7_919) % 256)),
  ),
];
