/** How well a configured organization name fits an organization; higher is better. */
const FIT = {
  virtualDirectory: 1,
  collection: 3,
  whole: 5,
} as const;

/** A virtual directory that Azure DevOps Server installs by default, and that says nothing about the collection. */
const DEFAULT_VIRTUAL_DIRECTORY = 'tfs';

/**
 * Compares an organization with a name from `organizations`, as Azure DevOps
 * compares names: without regard to case, and percent-decoded.
 *
 * A collection of Azure DevOps Server fits with and without its virtual
 * directory, but not under another one. The name of a virtual directory alone
 * fits too, as the least of all, because Backstage takes it for the collection.
 *
 * @returns 0 when it does not fit; otherwise the better the higher. Of two
 * spellings of one name, the one that the organization's address has is better:
 * it is the only one that Backstage takes.
 */
export function fitOfName(configured: string, organization: string): number {
  const exact = fit(
    segments(configured),
    segments(organization).map(encodeURIComponent),
  );
  if (exact > 0) return exact + 1;
  return fit(
    segments(configured).map(foldName),
    segments(organization).map(foldName),
  );
}

function fit(configured: string[], organization: string[]): number {
  if (configured.length === 0 || organization.length === 0) return 0;
  if (configured.join('/') === organization.join('/')) return FIT.whole;
  if (configured.length > 1 && organization.length > 1) return 0;
  if (configured.at(-1) === organization.at(-1)) return FIT.collection;
  const [directory] = organization;
  return configured.length === 1 &&
    configured[0] === directory &&
    directory?.toLowerCase() !== DEFAULT_VIRTUAL_DIRECTORY
    ? FIT.virtualDirectory
    : 0;
}

function segments(name: string): string[] {
  return name.split('/').filter(segment => segment !== '');
}

/** One spelling for all spellings of a name that Azure DevOps takes for the same. */
export function foldName(name: string): string {
  return decodeName(name).toLowerCase();
}

/** A name without its percent-encoding, if it has one. */
export function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // A percent sign that encodes nothing is part of the name.
    return name;
  }
}
