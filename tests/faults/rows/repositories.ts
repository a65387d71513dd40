import {
  DESCRIPTOR,
  component,
  identityOf,
  numbersOf,
  ORGANIZATIONS,
  referencesOf,
} from '../stage/world';
import { outage } from '../stage/outage';
import { inOrder, withComponents, without } from '../stage/picture';
import type { Row } from '../stage/row';
import type { Stage } from '../stage/stage';

/** The repository that things happen to; it gives one component. */
const NUMBER = 3;
const NAME = 'contoso-3';

const struck = (stage: Stage) => stage.world.repository('contoso', NUMBER);
const isGone = without('contoso', [NUMBER]);
const isRevised = withComponents([NAME], 2);

/** What goes through while the guard holds the rest. */
const whileHeld = withComponents(['contoso-62'], 2);

const NEW_NAMES = ['contoso-group', 'fabrikam', 'tailspin'];

const GONE_AT_ONCE = 'Confirmed by the service: gone with the same refresh';

/** Group 4: repositories, branches, projects and organizations change. */
export const REPOSITORY_ROWS: readonly Row[] = [
  outage({
    group: 4,
    name: 'a repository disabled',
    injected: 'isDisabled in the list',
    expected: `${GONE_AT_ONCE}; back when it is enabled.`,
    during: [{ begin: stage => struck(stage).disable(), holds: isGone }],
    end: stage => struck(stage).enable(),
  }),
  outage({
    group: 4,
    name: 'a repository renamed',
    injected: 'another name, the same GUID',
    expected: 'The same entity, with the same uid, at the new URL.',
    during: [{ begin: stage => struck(stage).rename('renamed') }],
    check: async stage =>
      await expectTarget(stage, /_git\/renamed\?path=\/catalog-info\.yaml$/),
  }),
  outage({
    group: 4,
    name: 'a project renamed',
    injected: 'another name for a project of 25 repositories',
    expected: 'The same entities, with the same uids, at the new URLs.',
    during: [
      {
        begin: stage =>
          stage.world.project('contoso', 'Field Service').rename('Feldservice'),
      },
    ],
    check: async stage => {
      const [reference = ''] = referencesOf('contoso', 61);
      return await expectTarget(stage, /contoso\/Feldservice\//, reference);
    },
  }),
  outage({
    group: 4,
    name: 'a repository moved to another project',
    injected: 'another project, the same GUID',
    expected: 'The same entity, with the same uid, at the new URL.',
    during: [
      {
        begin: stage =>
          struck(stage).move(stage.world.project('contoso', 'R&D')),
      },
    ],
    check: async stage => await expectTarget(stage, /contoso\/R&D\/_git/),
  }),
  outage({
    group: 4,
    name: 'a repository deleted',
    injected: 'gone from the list, and in the recycle bin of its project',
    expected: `${GONE_AT_ONCE}.`,
    during: [{ begin: stage => struck(stage).delete(), holds: isGone }],
    endsWith: isGone,
  }),
  outage({
    group: 4,
    name: 'a repository re-created under the same name',
    injected: 'deleted, and made again with the same file: another GUID',
    expected: 'The new one takes over without a gap: the same entity and uid.',
    during: [
      {
        begin(stage) {
          const { name, project } = struck(stage);
          struck(stage).delete();
          project.addRepository(name, {
            files: { [DESCRIPTOR]: component(NAME, 2) },
          });
        },
        holds: isRevised,
      },
    ],
    endsWith: isRevised,
  }),
  outage({
    group: 4,
    name: 'a default branch changed',
    injected: 'another branch, with another state of the file',
    expected: 'The entity as it is on the new default branch.',
    during: [
      {
        begin(stage) {
          struck(stage).push({
            branch: 'next',
            files: { [DESCRIPTOR]: component(NAME, 2) },
          });
          struck(stage).setDefaultBranch('next');
        },
        holds: isRevised,
      },
    ],
    endsWith: isRevised,
  }),
  outage({
    group: 4,
    name: 'a default branch renamed',
    injected: 'main becomes trunk',
    expected: 'Nothing changes.',
    during: [{ begin: stage => struck(stage).renameBranch('main', 'trunk') }],
  }),
  outage({
    group: 4,
    name: 'a default branch deleted',
    injected: 'the list still names the branch, which is gone',
    expected: `${GONE_AT_ONCE}; back when the branch is.`,
    during: [
      {
        begin(stage) {
          struck(stage).push({ branch: 'other', files: { '/x': 'x\n' } });
          struck(stage).deleteBranch('main');
        },
        holds: isGone,
      },
    ],
    end: stage => {
      struck(stage).push({
        branch: 'main',
        files: { [DESCRIPTOR]: component(NAME) },
      });
    },
  }),
  outage({
    group: 4,
    name: 'a force push',
    injected: 'history is rewritten, with another state of the file',
    expected: 'The entity as it is now.',
    during: [
      {
        begin(stage) {
          struck(stage).push({
            files: { [DESCRIPTOR]: component(NAME, 2) },
          });
        },
        holds: isRevised,
      },
    ],
    endsWith: isRevised,
  }),
  outage({
    group: 4,
    name: 'an emptied repository',
    injected: 'every branch is deleted',
    expected: `${GONE_AT_ONCE}; back with the first push.`,
    during: [{ begin: stage => struck(stage).empty(), holds: isGone }],
    end: stage => {
      struck(stage).push({
        branch: 'main',
        files: { [DESCRIPTOR]: component(NAME) },
      });
    },
  }),
  outage({
    group: 4,
    name: 'a small project deleted',
    injected:
      'a project of 15 repositories, gone with its recycle bin, and among the deleted projects',
    expected: `${GONE_AT_ONCE}.`,
    during: [
      {
        begin: stage => stage.world.project('contoso', 'R&D').delete(),
        holds: without('contoso', numbersOf('R&D')),
      },
    ],
    endsWith: without('contoso', numbersOf('R&D')),
  }),
  outage({
    group: 4,
    name: 'a large project deleted',
    injected:
      'a project of 60 of 100 repositories; a file elsewhere deleted and one changed meanwhile',
    expected:
      'All confirmed, and more than the guard lets go: it holds them and lets the change through; with the code that it printed they go.',
    during: [
      {
        begin(stage) {
          stage.world.project('contoso', 'Payments').delete();
          stage.world
            .repository('contoso', 61)
            .push({ files: { [DESCRIPTOR]: null } });
          stage.world
            .repository('contoso', 62)
            .push({ files: { [DESCRIPTOR]: component('contoso-62', 2) } });
        },
        refreshes: 2,
        holds: whileHeld,
        failsWith: /held back the removal of 61 of 100 entities/,
      },
    ],
    async end(stage) {
      const error = stage.catalog.report()?.error ?? '';
      const allow = /removals\.allow to '([^']+)'/.exec(error)?.[1];
      await stage.restartBackend({
        provider: { removals: { allow: allow ?? 'no code was printed' } },
      });
    },
    endsWith: inOrder(
      whileHeld,
      without('contoso', [61, ...numbersOf('Payments')]),
    ),
  }),
  outage({
    group: 4,
    name: 'an organization renamed',
    injected:
      'the old name is not found; then the configuration names the new one',
    expected:
      'Nothing goes under the old name; under the new one the same entities, with the same uids.',
    during: [
      {
        begin: renameOrganization,
        refreshes: 2,
        failsWith: /dev\.azure\.com\/contoso/,
      },
    ],
    end: async stage =>
      await stage.restartBackend({ provider: { organizations: NEW_NAMES } }),
    check: async stage => await expectTarget(stage, /\/contoso-group\//),
  }),
  outage({
    group: 4,
    name: 'an organization renamed, first in the configuration',
    injected:
      'the configuration names the new name while the service knows only the old one; no limit on removals',
    expected:
      'Nothing goes: what the new name holds is not known. Then the same entities, with the same uids.',
    during: [
      {
        begin: async stage =>
          await stage.restartBackend({
            provider: {
              organizations: NEW_NAMES,
              removals: { maxPercentage: 100 },
            },
          }),
        refreshes: 2,
        failsWith: /contoso-group/,
      },
    ],
    end: renameOrganization,
    check: async stage => await expectTarget(stage, /\/contoso-group\//),
  }),
  outage({
    group: 4,
    name: 'an organization cloned, and both in the configuration',
    injected:
      'a second organization lists repositories of the same ids; one file in it differs, some are not there',
    expected:
      'Each keeps its own: what both give stays with the first, and nothing is told again.',
    during: [
      {
        begin: async stage => {
          cloneOrganization(stage);
          await stage.restartBackend({
            provider: { organizations: [...ORGANIZATIONS, CLONE] },
          });
        },
        refreshes: 3,
        holds: withComponents(['contoso-only-in-the-clone'], 1),
      },
    ],
    endsWith: withComponents(['contoso-only-in-the-clone'], 1),
    async check(stage) {
      const { added, removed } = await stage.refresh();
      return [
        ...(await expectTarget(stage, /\/contoso\/Payments/)),
        ...(added + removed > 0
          ? [`${added} entities told again, ${removed} removed`]
          : []),
      ];
    },
  }),
];

/** It has a credential in this world. */
const CLONE = 'contoso-group';

/** Repositories 3 to 60 in another organization, without the files of the last five, and with another entity in the third. */
function cloneOrganization({ simulator, world }: Stage): void {
  const clone = simulator.addOrganization(CLONE);
  clone.grant(identityOf('contoso'));
  const original = world.project('contoso', 'Payments');
  const project = clone.addProject(original.name, { id: original.id });
  for (const number of numbersOf('Payments').slice(2)) {
    const { id, name } = world.repository('contoso', number);
    const entity =
      number === 4 ? 'contoso-only-in-the-clone' : `contoso-${number}`;
    project.addRepository(name, {
      id,
      files:
        number > 55 || number % 20 === 0
          ? { '/README.md': '# empty' }
          : { [DESCRIPTOR]: component(entity) },
    });
  }
}

function renameOrganization(stage: Stage): void {
  stage.simulator.renameOrganization('contoso', 'contoso-group');
}

async function expectTarget(
  stage: Stage,
  pattern: RegExp,
  reference = `component:default/${NAME}`,
): Promise<string[]> {
  const target =
    (await stage.snapshot()).entities.get(reference)?.target ?? 'nothing';
  return pattern.test(target)
    ? []
    : [`expected ${reference} to be at ${pattern}, got ${target}`];
}
