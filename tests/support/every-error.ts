/** So many errors are looked at as a whole; of the others the message. */
const MOST = 500;

const KINDS = [
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'AggregateError',
] as const;

type ErrorClass = new (...args: unknown[]) => Error;
type Realm = Record<(typeof KINDS)[number], ErrorClass>;

/**
 * Keeps every error that is made, of whatever class: one that is caught and
 * dropped today is logged tomorrow.
 *
 * @returns `end()` gives one error for each different message, with all that was
 * attached to it meanwhile
 */
export function keepEveryError(globals: object): { end(): unknown[] } {
  const realm = globals as Realm;
  const seen = new Map<string, unknown>();
  const keep = (error: Error) => {
    const { message } = error;
    if (!seen.has(message)) {
      seen.set(message, seen.size < MOST ? error : message);
    }
    return error;
  };
  const restore = KINDS.map(kind => {
    const original = realm[kind];
    realm[kind] = new Proxy(original, {
      construct: (target, args, newTarget) =>
        keep(Reflect.construct(target, args, newTarget) as Error),
      apply: (target, _self, args: unknown[]) => keep(new target(...args)),
    });
    return () => {
      realm[kind] = original;
    };
  });
  return {
    end() {
      restore.forEach(undo => undo());
      return [...seen.values()];
    },
  };
}
