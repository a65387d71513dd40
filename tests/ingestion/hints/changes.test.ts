import { changedFiles } from '../../../src/ingestion/hints/changes';
import type {
  KnownDescriptor,
  PathObservation,
} from '../../../src/policy/model';

const known = (path: string, objectId: string): KnownDescriptor => ({
  path,
  target: path,
  objectId,
  signature: 'before',
  claims: [],
});
const present = (path: string, objectId: string): PathObservation => ({
  outcome: 'present',
  path,
  target: path,
  objectId,
  signature: 'after',
  claims: [],
  rejections: [],
  forbidden: [],
  unreadable: false,
});

describe('what a probe found changed', () => {
  it('are files that came, went, or are other files now', () => {
    const before = [known('/edited', '1'), known('/gone', '2')];
    expect(
      changedFiles(before, [
        present('/edited', '3'),
        present('/new', '4'),
        { outcome: 'absent', path: '/gone', reason: '404' },
      ]),
    ).toEqual([
      { path: '/edited', formerObjectId: '1' },
      { path: '/new', formerObjectId: undefined },
      { path: '/gone', formerObjectId: '2' },
    ]);
  });

  it('are not files that were only looked at differently, or were never there', () => {
    const before = [
      known('/same', '1'),
      known('/read-again', '2'),
      known('/dropped', '3'),
    ];
    expect(
      changedFiles(before, [
        { outcome: 'unchanged', path: '/same', objectId: '1', signature: 's' },
        present('/read-again', '2'),
        { outcome: 'deselected', path: '/dropped', reason: 'not asked for' },
        { outcome: 'absent', path: '/never', reason: '404' },
      ]),
    ).toEqual([]);
  });
});
