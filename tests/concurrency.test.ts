import { Turns } from '../src/concurrency';

/** Something that lasts until it is ended. */
function action() {
  let end!: () => void;
  const ended = new Promise<void>(resolve => (end = resolve));
  const run = jest.fn(async () => await ended);
  return { run, end };
}

async function settle(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}

describe('what takes so much memory that one is done at a time', () => {
  it('goes ahead one at a time, in the order in which it came, also after one that failed', async () => {
    const turns = new Turns();
    const [first, second] = [action(), action()];
    const failing = turns.take(async () => {
      throw new Error('it failed');
    });
    const one = turns.take(first.run);
    const two = turns.take(second.run);
    await expect(failing).rejects.toThrow('it failed');
    await settle();
    expect(first.run).toHaveBeenCalled();
    expect(second.run).not.toHaveBeenCalled();
    first.end();
    await one;
    await settle();
    expect(second.run).toHaveBeenCalled();
    second.end();
    await two;
  });

  it('keeps nobody waiting who has given up, and is left out when nobody waits for it', async () => {
    const turns = new Turns();
    const [busy, skipped, next] = [action(), action(), action()];
    const abort = new AbortController();
    const one = turns.take(busy.run);
    const waiting = turns.take(skipped.run, abort.signal);
    const last = turns.take(next.run);
    abort.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow('no longer wanted');
    busy.end();
    await one;
    await settle();
    expect(skipped.run).not.toHaveBeenCalled();
    expect(next.run).toHaveBeenCalled();
    next.end();
    await last;
  });

  it('is waited for once it is under way, though it was aborted: it ends by itself', async () => {
    const turns = new Turns();
    const busy = action();
    const abort = new AbortController();
    const one = turns.take(busy.run, abort.signal);
    await settle();
    abort.abort();
    let isOver = false;
    void one.then(() => (isOver = true));
    await settle();
    expect(isOver).toBe(false);
    busy.end();
    await one;
  });
});
