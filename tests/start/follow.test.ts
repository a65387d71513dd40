import { follow } from '../../dev/follow';
import { catalogContent, ingestion, refreshReport } from './reports';

/** Gives one answer after the other, and the last for ever. */
function answers<T>(...all: T[]): () => T {
  return () => (all.length > 1 ? all.shift() : all[0]) as T;
}

function promised<T>(...all: T[]): () => Promise<T> {
  const next = answers(...all);
  return async () => next();
}

/** A clock that every look moves on by ten seconds. */
function clock(): () => number {
  let at = 0;
  return () => (at += 10_000);
}

/** One of its four entities is none that the catalog takes. */
const LAST = catalogContent({
  emitted: 3,
  unprocessable: [
    { entityRef: 'Component:default/a b', target: 'url:x', errors: ['name'] },
  ],
});
const ENDED = ingestion(refreshReport({ entities: 4 }));

describe('npm start follows the ingestion', () => {
  it('until the catalog shows everything that it was given', async () => {
    const lines: string[] = [];
    const followed = await follow({
      ingestion: answers(
        { refreshes: [{ provider: 'a' }], requests: 0 },
        ingestion(refreshReport({ outcome: 'running', added: 2 })),
        ENDED,
      ),
      catalog: promised(
        catalogContent({ emitted: 1 }),
        catalogContent({ emitted: 3 }),
        LAST,
      ),
      print: line => lines.push(line),
      now: clock(),
      signal: new AbortController().signal,
    });

    expect(followed).toEqual({
      ingestion: ENDED,
      catalog: LAST,
    });
    expect(lines).toEqual([
      'Waiting for the first refresh',
      'Ingesting: 1 organization, 3 of 3 repositories, 2 entities',
      'Processing: 1 of 4 entities',
      'Processing: 3 of 4 entities',
    ]);
  });

  it('until the catalog makes no progress, and says so', async () => {
    const followed = await follow({
      ingestion: answers(ENDED),
      catalog: promised(catalogContent({ emitted: 3 })),
      print: () => {},
      now: clock(),
      signal: new AbortController().signal,
    });

    expect(followed.disagreement).toBe(
      'The catalog has processed 3 entities where the ingestion gave it 4.',
    );
  });

  it('until it is interrupted', async () => {
    const interruption = new AbortController();
    const following = follow({
      ingestion: answers(ingestion(refreshReport({ outcome: 'running' }))),
      catalog: promised(catalogContent()),
      print: () => interruption.abort(),
      now: clock(),
      signal: interruption.signal,
    });

    await expect(following).rejects.toMatchObject({ name: 'AbortError' });
  });
});
