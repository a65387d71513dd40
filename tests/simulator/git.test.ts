import fc from 'fast-check';
import { Simulator } from '../../dev/simulator';
import {
  BlobStore,
  GitBlob,
  GitCommit,
  GitTree,
  Identities,
  Organizations,
  type FileContent,
} from '../../dev/simulator/model';
import { treeChanges } from '../../dev/simulator/model/files';

const SECOND = 1000;

function treeOf(files: Record<string, FileContent | null>): GitTree {
  return GitTree.EMPTY.with(treeChanges(files, new BlobStore()));
}

describe('object ids', () => {
  // Made with git itself; those of "version 1" are in the book Pro Git as well.
  it.each([
    ['hello\n', 'ce013625030ba8dba906f756967f9e9ca394464a'],
    ['', 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'],
    ['version 1\n', '83baae61804e65cc73a7201a7252750c76066a30'],
    ['café\n', '572eb43fe8e34fb87d01c69e01151ff696022924'],
  ])('of the file %j', (content, id) => {
    expect(new GitBlob(Buffer.from(content)).id).toBe(id);
  });

  it('of folders', () => {
    expect(GitTree.EMPTY.id).toBe('4b825dc642cb6eb9a060e54bf8d69288fbee4904');
    expect(treeOf({ 'test.txt': 'version 1\n' }).id).toBe(
      'd8329fc1cc938780ffdd9f94e0d364e0ea74f579',
    );
  });

  it('of a commit with every kind of entry, in an order that is not the alphabet', () => {
    const tree = treeOf({
      'a/x': 'x',
      'a.txt': 'y',
      'a-b': 'z',
      'run.sh': { executable: '#!/bin/sh\n' },
      link: { symlink: 'docs/index.md' },
      'docs/index.md': 'café\n',
      bin: Buffer.from([0, 1, 2]),
    });
    const author = {
      name: 'Developer',
      email: 'developer@example.com',
      at: 1767225600 * SECOND,
    };
    const first = new GitCommit({
      tree,
      parents: [],
      author,
      message: 'Initial commit',
    });
    const second = new GitCommit({
      tree: tree.with(treeChanges({ '/a.txt': 'y2' }, new BlobStore())),
      parents: [first],
      author: { ...author, at: 1767225661 * SECOND },
      message: 'Change files',
    });

    expect(tree.sorted().map(([name]) => name)).toEqual([
      'a-b',
      'a.txt',
      'a',
      'bin',
      'docs',
      'link',
      'run.sh',
    ]);
    expect(tree.id).toBe('4d8724eef5dd82f12c292ba507b8912cc9305bd2');
    expect(first.id).toBe('e37ac6115c4517d1773d1e5cd9b36c5ec6294269');
    expect(second.id).toBe('9b0a63af0b9045c63e446339a6ebff13198de237');
  });

  it('do not depend on the order or the number of the changes that led there', () => {
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

describe('a repository', () => {
  function organizationOf(now = () => 1767225600 * SECOND) {
    const world = { now, blobs: new BlobStore(), identities: new Identities() };
    return new Organizations(world).add('contoso');
  }

  it('gets the ids that git gives', () => {
    const repository = organizationOf()
      .addProject('P')
      .addRepository('r', { files: { 'test.txt': 'version 1\n' } });

    const tip = repository.branch('main');
    expect(tip?.tree.id).toBe('d8329fc1cc938780ffdd9f94e0d364e0ea74f579');
    expect(repository.defaultBranch).toBe('main');
  });

  it('follows a push, and rewrites with a forced one', () => {
    let at = 0;
    const repository = organizationOf(() => (at += SECOND))
      .addProject('P')
      .addRepository('r', { files: { a: '1', b: '1' } });
    const first = repository.branch('main');
    repository.push({ files: { '/a': '2', '/b': null } });
    const second = repository.branch('main');
    const forced = repository.push({ files: { a: '3' }, force: true });
    const third = repository.branch('main');

    expect(second?.parents).toEqual([first]);
    expect(third?.parents).toEqual([first]);
    expect(third?.id).toBe(forced.commitId);
    expect([...(third?.tree.entries.keys() ?? [])]).toEqual(['a']);
    // What was rewritten can still be asked for by its id, as with the service.
    expect(repository.commit(second?.id ?? '')).toBe(second);
    expect(repository.pushes).toHaveLength(3);
  });

  it('turns a file into a folder and back', () => {
    const repository = organizationOf()
      .addProject('P')
      .addRepository('r', { files: { x: 'file' } });
    repository.push({ files: { x: null, 'x/y': 'below' } });
    expect(repository.entry('/x')?.mode).toBe('40000');
    repository.push({ files: { x: { symlink: 'elsewhere' } } });
    expect(repository.entry('/x')?.mode).toBe('120000');
    expect(repository.entry('/x/y')).toBeUndefined();
  });

  it('keeps its id when it is renamed or moved, and shares nothing of it with its successor', () => {
    const organization = organizationOf();
    const payments = organization.addProject('Payments');
    const other = organization.addProject('Other');
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
    const repository = organizationOf()
      .addProject('P')
      .addRepository('r', { files: { a: '1' } });
    repository.deleteBranch('main');
    expect(repository.isEmpty).toBe(true);
    expect(repository.defaultBranch).toBeUndefined();
    repository.push({ branch: 'main', files: { b: '2' } });
    expect(repository.defaultBranch).toBe('main');
  });
});

describe('what an identity may read', () => {
  it('follows grants and revocations, through renames', async () => {
    const simulator = await Simulator.start();
    const organization = simulator.addOrganization('contoso');
    organization.grant('alice', { projects: ['Later'] });
    organization.grant('bob');
    const later = organization.addProject('Later');
    const secret = organization.addProject('Secret');
    const alice = organization.access(organization.identity('alice'));
    const bob = organization.access(organization.identity('bob'));

    expect(alice?.canReadProject(later)).toBe(true);
    expect(alice?.canReadProject(secret)).toBe(false);
    later.rename('Sooner');
    expect(alice?.canReadProject(later)).toBe(true);
    organization.revoke('bob', { projects: ['secret'] });
    expect(bob?.canReadProject(secret)).toBe(false);
    expect(bob?.canReadProject(later)).toBe(true);
    organization.revoke('bob');
    expect(organization.access(organization.identity('bob'))).toBeUndefined();
    await simulator.close();
  });
});
