import { chosenPart, partOf } from './stage/in-jest';

describe('the part of the fault table that a test run takes', () => {
  it('is the same for the same commit, and each part is taken by some commit', () => {
    const commits = Array.from(
      { length: 40 },
      (_, i) =>
        `${(i * 2654435761).toString(16).padStart(8, '0').slice(0, 8)}ff`,
    );
    const parts = commits.map(commit => chosenPart(3, undefined, commit));
    expect(new Set(parts)).toEqual(new Set([1, 2, 3]));
    expect(parts).toEqual(
      commits.map(commit => chosenPart(3, undefined, commit)),
    );
  });

  it('is the first where there is no commit, and the one in FAULT_PART where that is set', () => {
    expect(chosenPart(3, undefined, undefined)).toBe(1);
    expect(chosenPart(3, '2', 'deadbeef')).toBe(2);
    expect(() => chosenPart(3, '4', 'deadbeef')).toThrow('from 1 to 3');
    expect(() => chosenPart(3, 'two', undefined)).toThrow('from 1 to 3');
  });

  it('leaves no row out, and runs none twice, over all parts', () => {
    const rows = Array.from({ length: 11 }, (_, i) => i);
    const taken = [1, 2, 3].flatMap(part => partOf(rows, part, 3));
    expect(taken.sort((a, b) => a - b)).toEqual(rows);
  });
});
