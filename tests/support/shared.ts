import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..', '..', '..', 'shared');

/** The path of a file of the material that may lie beside the checkout; `undefined` where it is absent. */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(root, ...parts);
  return existsSync(path) ? path : undefined;
}

/** A `describe` that runs where the material lies beside the checkout, and says why it skips elsewhere. */
export function describeWithShared(
  name: string,
  parts: string[],
  body: (path: string) => void,
): void {
  const path = sharedPath(...parts);
  if (path) {
    describe(name, () => body(path));
  } else {
    describe(name, () => {
      it.skip(`needs ${join('..', 'shared', ...parts)} beside the checkout`, () => {});
    });
  }
}
