import fc from 'fast-check';
import { MarkMemory } from '../../../src/ingestion/hints/marks';

const marks = (value: string) => new Map([['r', new Map([['key', value]])]]);

describe('signs of change', () => {
  it('are news until the repository has been verified after they were seen', () => {
    const memory = new MarkMemory();
    expect(memory.take('p', marks('1'), () => 5, 10)).toEqual(new Set(['r']));
    // Not verified meanwhile, as when the refresh was aborted.
    expect(memory.take('p', marks('1'), () => 5, 20)).toEqual(new Set(['r']));
    expect(memory.take('p', marks('1'), () => 10, 30)).toEqual(new Set());
    expect(memory.take('p', marks('1'), () => 25, 40)).toEqual(new Set());
  });

  it('are news again when they say something else', () => {
    const memory = new MarkMemory();
    memory.take('p', marks('1'), () => 5, 10);
    expect(memory.take('p', marks('2'), () => 15, 20)).toEqual(new Set(['r']));
    expect(memory.take('p', marks('2'), () => 21, 30)).toEqual(new Set());
  });

  it('are forgotten when they are no longer shown', () => {
    const memory = new MarkMemory();
    memory.take('p', marks('1'), () => 5, 10);
    expect(memory.take('p', new Map(), () => 15, 20)).toEqual(new Set());
    expect(memory.take('p', marks('1'), () => 15, 30)).toEqual(new Set(['r']));
  });

  it('of one project say nothing of another', () => {
    const memory = new MarkMemory();
    memory.take('p', marks('1'), () => 5, 10);
    expect(memory.take('q', new Map(), () => 15, 20)).toEqual(new Set());
    expect(memory.take('p', marks('1'), () => 15, 30)).toEqual(new Set());
  });

  it('never hide a change, and name it in one pass only, if whoever is named is verified', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1 }), pushed => {
        const memory = new MarkMemory();
        let pushes = 0;
        let verifiedAt = 0;
        pushed.forEach((isPushed, i) => {
          const now = 10 * (i + 1);
          pushes += isPushed ? 1 : 0;
          const news = memory.take(
            'p',
            pushes > 0 ? marks(String(pushes)) : new Map(),
            () => verifiedAt,
            now,
          );
          expect(news.has('r')).toBe(isPushed);
          if (news.has('r')) {
            verifiedAt = now + 1;
          }
        });
      }),
    );
  });
});
