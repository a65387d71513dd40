import fc from 'fast-check';
import { ListReader } from '../../src/azure/list-reader';

function read(
  text: string,
  cuts: readonly number[] = [],
  keep: (element: unknown) => unknown = it => it,
): unknown {
  const bytes = Buffer.from(text);
  const reader = new ListReader(keep);
  let start = 0;
  for (const cut of [...cuts, bytes.length]
    .map(it => Math.min(it, bytes.length))
    .sort((a, b) => a - b)) {
    reader.push(bytes.subarray(start, cut));
    start = cut;
  }
  return reader.end();
}

const cuts = fc.array(fc.nat({ max: 300 }), { maxLength: 20 });
const spaced = (json: unknown, space: string) =>
  JSON.stringify(json, null, space);

describe('a list that is read as it comes', () => {
  it('is what JSON.parse makes of it, wherever it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        cuts,
        fc.constantFrom('', ' ', '\n\t'),
        (value, where, space) => {
          const text = spaced({ count: value.length, value }, space);
          expect(read(text, where)).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is read as it is when it is something else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.dictionary(fc.string(), fc.array(fc.jsonValue())),
        ),
        cuts,
        (json, where) => {
          const text = JSON.stringify(json);
          expect(read(text, where)).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps of the elements what it is told to, and nothing of their text', () => {
    const text =
      '{"value":[{"id":"a","more":[1,{"id":"x"}]},{"id":"b"}],"count":2}';
    const keep = (element: unknown) => (element as { id: string }).id;
    expect(read(text, [], keep)).toEqual({ value: ['a', 'b'], count: 2 });
  });

  it.each([
    '',
    '{"count":1,"value":[',
    '{"count":1,"value":[{"a":1}',
    '{"count":1,"value":[{"a":1}]',
    '{"count":1,"value":[{"a":}]}',
    '{"count":1,"value":[nonsense]}',
    '{"count":1,"value":["unended]}',
    '{"count":1,"value":[{"a":1}]} and more',
    '<html>[1]</html>',
  ])('is refused when it reads %s', text => {
    expect(() => read(text)).toThrow(SyntaxError);
  });

  it('is never taken for complete when it was cut short', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { minLength: 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (value, share) => {
          const bytes = Buffer.from(
            JSON.stringify({ count: value.length, value }),
          );
          const reader = new ListReader(it => it);
          expect(() => {
            reader.push(bytes.subarray(0, Math.floor(bytes.length * share)));
            reader.end();
          }).toThrow(SyntaxError);
        },
      ),
    );
  });
});
