import { SharedOperations } from '../../src/content/shared-operations';

describe('operations that several callers share', () => {
  /** An operation that ends when the test says so. */
  function operation() {
    const started: Array<{
      signal: AbortSignal;
      resolve: (value: string) => void;
      reject: (error: Error) => void;
    }> = [];
    const start = (signal: AbortSignal) =>
      new Promise<string>((resolve, reject) => {
        started.push({ signal, resolve, reject });
      });
    return { started, start };
  }

  it('are done once for all who ask at the same time, and again for who asks later', async () => {
    const shared = new SharedOperations<string>();
    const { started, start } = operation();
    const asked = [1, 2, 3].map(() => shared.run('key', {}, start));
    const other = shared.run('other key', {}, start);
    expect(started).toHaveLength(2);
    started[0]!.resolve('one');
    started[1]!.resolve('two');
    expect(await Promise.all(asked)).toEqual(['one', 'one', 'one']);
    expect(await other).toBe('two');

    const later = shared.run('key', {}, start);
    expect(started).toHaveLength(3);
    started[2]!.reject(new Error('this time it failed'));
    await expect(later).rejects.toThrow('this time it failed');
  });

  it('go on when one of two callers gives up, and are aborted when both do', async () => {
    const shared = new SharedOperations<string>();
    const { started, start } = operation();
    const first = new AbortController();
    const second = new AbortController();
    const a = shared.run('key', { signal: first.signal }, start);
    const b = shared.run('key', { signal: second.signal }, start);

    first.abort(new Error('the first gave up'));
    await expect(a).rejects.toThrow('the first gave up');
    expect(started[0]!.signal.aborted).toBe(false);

    second.abort(new Error('so did the second'));
    await expect(b).rejects.toThrow('so did the second');
    expect(started[0]!.signal.aborted).toBe(true);

    // What was aborted is not joined.
    const c = shared.run('key', {}, start);
    expect(started).toHaveLength(2);
    started[1]!.resolve('anew');
    expect(await c).toBe('anew');
  });

  it('go on for the next one when a caller runs out of patience', async () => {
    const shared = new SharedOperations<string>();
    const { started, start } = operation();
    const patience = new AbortController();
    const a = shared.run('key', { patience: patience.signal }, start);
    patience.abort(new Error('that is long enough'));
    await expect(a).rejects.toThrow('that is long enough');
    expect(started[0]!.signal.aborted).toBe(false);

    const b = shared.run('key', {}, start);
    expect(started).toHaveLength(1);
    started[0]!.resolve('at last');
    expect(await b).toBe('at last');
  });

  it('are not started for a caller who has given up before', async () => {
    const shared = new SharedOperations<string>();
    const { started, start } = operation();
    await expect(
      shared.run(
        'key',
        { signal: AbortSignal.abort(new Error('too late')) },
        start,
      ),
    ).rejects.toThrow('too late');
    expect(started).toHaveLength(0);
  });
});
