import type { CodeSearchResult, Repository } from '../../../src/azure/types';
import { ActivityMemory } from '../../../src/ingestion/hints/activity';
import {
  CodeSearchMemory,
  IndexUnusableError,
} from '../../../src/ingestion/hints/code-search-memory';
import type {
  HintProject,
  MissedChange,
} from '../../../src/ingestion/hints/types';

const at = (time: string) => Date.parse(`2026-03-02T${time}Z`);

function project(
  id: string,
  verified: readonly number[],
  descriptors = 0,
): HintProject {
  return {
    id,
    name: id,
    descriptors,
    repositories: new Map(
      verified.map((verifiedAt, i) => [
        `${id}${i}`,
        { repository: repository(`${id}${i}`), verifiedAt },
      ]),
    ),
  };
}

function repository(id: string): Repository {
  return {
    id,
    name: id,
    project: { id: 'p', name: 'p', state: 'wellFormed' },
    defaultBranch: 'main',
    isDisabled: false,
    isFork: false,
  };
}

const missed = (projectId: string, since: number): MissedChange => ({
  repositoryId: 'r',
  projectId,
  repository: 'P/r',
  path: '/catalog-info.yaml',
  since,
  foundAt: since + 1,
});

describe('since when activity is asked for', () => {
  it('is the oldest verification, at first exactly and then by the hour', () => {
    const memory = new ActivityMemory();
    const began = at('09:10:11.123');
    const first = project('p', [began, at('09:20:00')]);
    expect(memory.reachBack(first, [])).toBe(began);
    expect(memory.reachBack(first, [])).toBe(began);
    const later = project('p', [at('12:30:00'), at('15:00:00')]);
    expect(memory.reachBack(later, [])).toBe(at('12:00:00'));
    expect(memory.reachBack(project('q', [began]), [])).toBe(began);
  });

  it('reaches back to changes that were not named, but not to before the first question', () => {
    const memory = new ActivityMemory();
    memory.reachBack(project('p', [at('09:10:00')]), []);
    const later = project('p', [at('15:30:00')]);
    expect(memory.reachBack(later, [missed('p', at('11:15:00'))])).toBe(
      at('11:00:00'),
    );
    expect(memory.reachBack(later, [missed('q', at('11:15:00'))])).toBe(
      at('15:00:00'),
    );
    expect(memory.reachBack(later, [missed('p', at('08:00:00'))])).toBe(
      at('09:10:00'),
    );
  });
});

describe('what is known of an index', () => {
  const file = (i: number, objectId: string) => ({
    repository: { repository: repository(`r${i}`), verifiedAt: 0 },
    file: {
      repositoryId: `r${i}`,
      projectId: 'p',
      path: '/x',
      objectId,
      branches: [],
    },
  });
  const files = (count: number, objectId: string) =>
    Array.from({ length: count }, (_, i) => file(i, objectId));
  const known = (count: number, objectId: string) =>
    new Map(
      Array.from({ length: count }, (_, i) => [
        `r${i}`,
        new Map([['/x', objectId]]),
      ]),
    );
  const result = (total: number, complete: boolean): CodeSearchResult => ({
    total,
    files: [],
    complete,
    indexing: false,
    requests: 1,
  });

  it('is that its object ids are not those of Git, when none of many agrees', () => {
    const memory = new CodeSearchMemory();
    // A few may all have changed.
    memory.compare(files(19, 'a'), known(19, 'b'));
    expect(() => memory.compare(files(20, 'a'), known(20, 'b'))).toThrow(
      IndexUnusableError,
    );
    memory.compare(files(20, 'a'), known(5, 'b'));
  });

  it('is that they are, once one has agreed', () => {
    const memory = new CodeSearchMemory();
    memory.compare([...files(30, 'a'), file(0, 'b')], known(30, 'b'));
    memory.compare(files(1_000, 'a'), known(1_000, 'b'));
  });

  it('is how many files it has of a project, also of those that are none of ours', () => {
    const memory = new CodeSearchMemory();
    const small = project('p', [0], 10);
    const large = project('q', [0], 30);
    expect([small, large].map(it => memory.expect(it))).toEqual([10, 30]);
    memory.learn([small, large], [result(4_000, false)], []);
    expect([small, large].map(it => memory.expect(it))).toEqual([1_000, 3_000]);
    memory.learn(
      [small],
      [result(50, true)],
      files(50, 'a').map(it => it.file),
    );
    expect(memory.expect(small)).toBe(50);
    memory.learn([small], [result(2, true)], []);
    expect(memory.expect(small)).toBe(10);
    expect(memory.expect(project('empty', [0]))).toBe(1);
  });
});
