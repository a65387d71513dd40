import { isDeepStrictEqual } from 'node:util';
import type { Repository } from '../../dev/simulator/index';
import type { Refreshed, TestCatalog } from '../support/backend';
import { until } from '../support/until';
import { addReadableOrganization, component, stageForAll } from './support';

const link = (symlink: string) => ({ symlink });
const titled = (name: string, title: string) =>
  component(name).replace('metadata:', `metadata:\n  title: ${title}`);

describe('a descriptor that is a symbolic link', () => {
  const stage = stageForAll();
  let catalog: TestCatalog;
  let literal: Repository;
  let glob: Repository;

  beforeAll(async () => {
    const project = addReadableOrganization(
      stage.simulator,
      'contoso',
    ).addProject('P');
    literal = project.addRepository('literal', {
      files: {
        '/catalog-info.yaml': link('deploy/one.yaml'),
        '/deploy/one.yaml': titled('literal', 'first'),
        '/deploy/two.yaml': titled('literal', 'moved'),
      },
    });
    glob = project.addRepository('glob', {
      files: {
        '/services/a/catalog-info.yaml': link('../../deploy/one.yaml'),
        '/services/b/catalog-info.yaml': titled('other', 'other'),
        '/deploy/one.yaml': titled('glob', 'first'),
        '/deploy/two.yaml': titled('glob', 'moved'),
      },
    });
    catalog = await stage.catalog({
      providers: {
        main: {
          organization: 'contoso',
          path: ['/catalog-info.yaml', '/services/*/catalog-info.yaml'],
          verifyEvery: { milliseconds: 1 },
        },
      },
    });
  });

  /** The report of a refresh, when the catalog has these titles by name, and no others. */
  async function refreshedTo(titles: Record<string, string>) {
    const report = await catalog.refresh();
    await until(`the titles to be ${JSON.stringify(titles)}`, async () => {
      const entities = await catalog.entities({ kind: 'component' });
      const found = entities.map(({ metadata: { name, title } }) => [
        name,
        title,
      ]);
      return isDeepStrictEqual(Object.fromEntries(found), titles);
    });
    return report;
  }
  const push = (literalTo: string, globTo: string) => {
    literal.push({ files: { '/catalog-info.yaml': link(literalTo) } });
    glob.push({ files: { '/services/a/catalog-info.yaml': link(globTo) } });
  };
  const said = ({ error }: Refreshed) => error ?? 'no error';

  it('is read as what it leads to, under its own address', async () => {
    const report = await refreshedTo({
      literal: 'first',
      glob: 'first',
      other: 'other',
    });
    expect(report.outcome).toBe('complete');
    const entities = await catalog.entities({ kind: 'component' });
    expect(
      entities
        .map(
          ({ metadata }) =>
            metadata.annotations?.['backstage.io/managed-by-location'],
        )
        .sort(),
    ).toEqual([
      'url:https://dev.azure.com/contoso/P/_git/glob?path=/services/a/catalog-info.yaml',
      'url:https://dev.azure.com/contoso/P/_git/glob?path=/services/b/catalog-info.yaml',
      'url:https://dev.azure.com/contoso/P/_git/literal?path=/catalog-info.yaml',
    ]);
  });

  it('changes with the file that it leads to, and with the link', async () => {
    literal.push({
      files: { '/deploy/one.yaml': titled('literal', 'second') },
    });
    glob.push({ files: { '/deploy/one.yaml': titled('glob', 'second') } });
    await refreshedTo({
      literal: 'second',
      glob: 'second',
      other: 'other',
    });
    push('deploy/two.yaml', '../../deploy/two.yaml');
    await refreshedTo({
      literal: 'moved',
      glob: 'moved',
      other: 'other',
    });
  });

  it.each([
    [
      'leads out of the repository',
      '../secret.yaml',
      '../../../secret.yaml',
      'outside of the repository',
    ],
    [
      'leads to itself',
      'catalog-info.yaml',
      'catalog-info.yaml',
      'it leads back to itself',
    ],
  ])(
    'costs nothing but itself when it %s: the entity stays, and the error names the link',
    async (_, literalTo, globTo, problem) => {
      push(literalTo, globTo);
      glob.push({
        files: { '/services/b/catalog-info.yaml': titled('other', problem) },
      });
      const report = await refreshedTo({
        literal: 'moved',
        glob: 'moved',
        other: problem,
      });
      expect(report.outcome).not.toBe('complete');
      for (const path of [
        '/catalog-info.yaml',
        '/services/a/catalog-info.yaml',
      ]) {
        expect(said(report)).toMatch(
          new RegExp(
            `the symbolic link ${path} cannot be followed: .*${problem}. What to do: Let the link point to a file`,
          ),
        );
      }
    },
  );

  it('is gone when what it leads to is positively not there, and back with it', async () => {
    push('gone.yaml', 'gone.yaml');
    await refreshedTo({ other: 'it leads back to itself' });
    literal.push({ files: { '/gone.yaml': titled('literal', 'back') } });
    glob.push({ files: { '/services/a/gone.yaml': titled('glob', 'back') } });
    await refreshedTo({
      literal: 'back',
      glob: 'back',
      other: 'it leads back to itself',
    });
  });
});
