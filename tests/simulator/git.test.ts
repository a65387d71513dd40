import fc from 'fast-check';
import { Simulator } from '../../dev/simulator';
import {
  BlobStore,
  GitBlob,
  GitTree,
  identityOf,
  Organizations,
  type FileContent,
} from '../../dev/simulator/model';
import { treeChanges } from '../../dev/simulator/model/files';

const NOW = 1767225600_000;

function treeOf(files: Record<string, FileContent | null>): GitTree {
  return GitTree.EMPTY.with(treeChanges(files, new BlobStore()));
}

describe('an object id of the simulated service', () => {
  // Made with git itself; those of "version 1" are in the book Pro Git as well.
  it.each([
    ['hello\n', 'ce013625030ba8dba906f756967f9e9ca394464a'],
    ['', 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'],
    ['version 1\n', '83baae61804e65cc73a7201a7252750c76066a30'],
    ['café\n', '572eb43fe8e34fb87d01c69e01151ff696022924'],
  ])('is what git gives the file %j', (content, id) => {
    expect(new GitBlob(Buffer.from(content)).id).toBe(id);
  });

  it('is what git gives folders with every kind of entry', () => {
    expect(GitTree.EMPTY.id).toBe('4b825dc642cb6eb9a060e54bf8d69288fbee4904');
    expect(treeOf({ 'test.txt': 'version 1\n' }).id).toBe(
      'd8329fc1cc938780ffdd9f94e0d364e0ea74f579',
    );
    const tree = treeOf({
      'a/x': 'x',
      'a.txt': 'y',
      'a-b': 'z',
      link: { symlink: 'docs/index.md' },
      'docs/index.md': 'café\n',
      bin: Buffer.from([0, 1, 2]),
    });
    expect(tree.sorted().map(([name]) => name)).toEqual([
      'a-b',
      'a.txt',
      'a',
      'bin',
      'docs',
      'link',
    ]);
    expect(tree.id).toBe('fd69812e5b4f3340773a73701708aa446070c435');
  });

  it('does not depend on the order or the number of the changes that led there', () => {
    const name = fc.constantFrom('a', 'b', 'a.b', 'c');
    const path = fc
      .array(name, { minLength: 1, maxLength: 3 })
      .map(names => names.join('/'));
    // No path may lie below another one that is a file.
    const files = fc.dictionary(
      path.map(text => `${text}/file`),
      fc.string(),
      { maxKeys: 8 },
    );
    fc.assert(
      fc.property(files, files, (kept, gone) => {
        const blobs = new BlobStore();
        let stepwise = GitTree.EMPTY;
        for (const [each, content] of Object.entries(gone)) {
          stepwise = stepwise.with(treeChanges({ [each]: content }, blobs));
        }
        for (const each of Object.keys(gone)) {
          stepwise = stepwise.with(treeChanges({ [each]: null }, blobs));
        }
        expect(stepwise.id).toBe(GitTree.EMPTY.id);
        for (const [each, content] of Object.entries(kept).reverse()) {
          stepwise = stepwise.with(treeChanges({ [each]: content }, blobs));
        }
        expect(stepwise.id).toBe(treeOf(kept).id);
      }),
    );
  });
});

describe('a simulated repository', () => {
  function organization() {
    return new Organizations({
      now: () => NOW,
      blobs: new BlobStore(),
    }).add('contoso');
  }

  it('changes its branch with a push and keeps the former commit under its id', () => {
    const repository = organization()
      .addProject('P')
      .addRepository('r', { files: { a: '1', b: '1' } });
    const first = repository.branch('main');
    const { commitId } = repository.push({ files: { '/a': '2', '/b': null } });
    const second = repository.branch('main');

    expect(second?.id).toBe(commitId);
    expect(second?.id).toMatch(/^[0-9a-f]{40}$/);
    expect([...(second?.tree.entries.keys() ?? [])]).toEqual(['a']);
    expect(repository.commit(first?.id ?? '')).toBe(first);
    expect(repository.commits()).toEqual([second, first]);
    expect(repository.pushes).toMatchObject([
      { at: NOW, ref: 'refs/heads/main', commit: first },
      { at: NOW, ref: 'refs/heads/main', commit: second },
    ]);
  });

  it('turns a file into a folder and back', () => {
    const repository = organization()
      .addProject('P')
      .addRepository('r', { files: { x: 'file' } });
    repository.push({ files: { x: null, 'x/y': 'below' } });
    expect(repository.entry('/x')?.mode).toBe('40000');
    repository.push({ files: { x: { symlink: 'elsewhere' } } });
    expect(repository.entry('/x')?.mode).toBe('120000');
    expect(repository.entry('/x/y')).toBeUndefined();
  });

  it('keeps its id when it is renamed or moved, and a successor gets another one', () => {
    const contoso = organization();
    const payments = contoso.addProject('Payments');
    const other = contoso.addProject('Other');
    const repository = payments.addRepository('api', { files: { a: '1' } });
    const { id } = repository;
    repository.rename('API2');
    repository.move(other);
    expect(payments.findRepository('api2')).toBeUndefined();
    expect(other.repository('api2').id).toBe(id);
    expect(payments.addRepository('API2').id).not.toBe(id);
    expect(() => other.addRepository('api2')).toThrow(
      "The project 'Other' already has a repository 'api2'",
    );
  });

  it('is empty again when its branches are gone', () => {
    const repository = organization()
      .addProject('P')
      .addRepository('r', { files: { a: '1' } });
    repository.deleteBranch('main');
    expect(repository.isEmpty).toBe(true);
    expect(repository.defaultBranch).toBeUndefined();
    repository.push({ branch: 'main', files: { b: '2' } });
    expect(repository.defaultBranch).toBe('main');
  });
});

it('what an identity may read in the simulator follows grants, revocations and renames', async () => {
  const simulator = await Simulator.start();
  const organization = simulator.addOrganization('contoso');
  const payments = organization.addProject('Payments');
  const api = payments.addRepository('api');
  const secret = organization.addProject('Secret');
  const key = secret.addRepository('key');
  organization.grant('alice', { projects: ['payments'] });
  organization.grant('bob');
  organization.grant('dave', { projects: ['Later'] });
  organization.grant('carol', { repositories: ['Secret/key'] });
  const accessOf = (name: string) => organization.access(identityOf(name));
  const [alice, bob, carol] = ['alice', 'bob', 'carol'].map(accessOf);

  expect(alice?.canReadProject(payments)).toBe(true);
  expect(alice?.canReadProject(secret)).toBe(false);
  payments.rename('Money');
  expect(alice?.canReadRepository(api)).toBe(true);
  expect(carol?.canReadProject(secret)).toBe(true);
  expect(carol?.canReadRepository(key)).toBe(true);
  expect(carol?.canReadProject(payments)).toBe(false);
  organization.revoke('bob', { projects: ['secret'] });
  expect(bob?.canReadRepository(key)).toBe(false);
  expect(bob?.canReadProject(payments)).toBe(true);
  organization.revoke('bob', { repositories: ['api'] });
  expect(bob?.canReadRepository(api)).toBe(false);
  organization.revoke('bob');
  const later = organization.addProject('Later');
  later.rename('Now');
  expect(accessOf('dave')?.canReadProject(later)).toBe(true);
  expect(accessOf('bob')).toBeUndefined();
  await simulator.close();
});
