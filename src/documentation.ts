/** The same from the sources, from what is built of them, and from a bundle of either. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { homepage } = require('../package.json') as { homepage: string };

/** Where the documentation is read; package.json has the address. */
export const DOCUMENTATION = `${homepage}/blob/main/docs`;
