import { CLOUD_HOST, isLegacyCloudHost, Organization } from '../organization';
import { percentDecoded } from '../percent-encoding';

/** As much of a configured credential as matching needs. */
interface Matchable {
  readonly host: string;
  readonly organizations: readonly string[];
}

export type Match<T extends Matchable> =
  | {
      readonly outcome: 'matched';
      readonly credential: T;
      /** Why this one, to be read after "it serves the organization because ...". */
      readonly matchedBy: string;
    }
  /** dev.azure.com without a credential for the rest of its organizations. */
  | { readonly outcome: 'default'; readonly matchedBy: string }
  | { readonly outcome: 'none' };

/**
 * Chooses the credential that serves an organization.
 *
 * One that lists the organization comes first, then the one of the host that
 * lists none. `{organization}.visualstudio.com` is looked up under its own host
 * and then as the same organization under dev.azure.com.
 *
 * Where the configuration names one organization twice (Backstage lets this
 * pass when the spelling or the entry under `integrations.azure` differs) the
 * exact spelling wins, then the last; of two credentials without organizations
 * the first. That is what Backstage does.
 */
export function matchCredential<T extends Matchable>(
  configured: readonly T[],
  wanted: Organization,
): Match<T> {
  const organization = withNameOfHost(wanted);
  const own = matchOnHost(configured, organization);
  if (own) return own;
  if (isLegacyCloudHost(organization.host)) {
    const modern = new Organization(CLOUD_HOST, organization.name);
    const found = matchCredential(configured, modern);
    return found.outcome === 'none'
      ? found
      : {
          ...found,
          matchedBy: `${found.matchedBy} (${organization.host} is ${CLOUD_HOST}/${organization.name})`,
        };
  }
  if (hostKey(organization.host) === CLOUD_HOST) {
    return {
      outcome: 'default',
      matchedBy: `no credential for ${CLOUD_HOST} lists it, and none is without organizations`,
    };
  }
  return { outcome: 'none' };
}

function matchOnHost<T extends Matchable>(
  configured: readonly T[],
  organization: Organization,
): Match<T> | undefined {
  const onHost = configured.filter(
    c => hostKey(c.host) === hostKey(organization.host),
  );
  let best: { credential: T; name: string; fit: number } | undefined;
  for (const credential of onHost) {
    for (const name of credential.organizations) {
      const fit = fitOfName(name, organization.name);
      if (fit > 0 && fit >= (best?.fit ?? 0)) best = { credential, name, fit };
    }
  }
  if (best) {
    return {
      outcome: 'matched',
      credential: best.credential,
      matchedBy: `its organizations list '${best.name}'`,
    };
  }
  const general = onHost.find(c => c.organizations.length === 0);
  return (
    general && {
      outcome: 'matched',
      credential: general,
      matchedBy: `it is the credential without organizations for ${general.host}`,
    }
  );
}

/** Under its legacy name an organization is the one of the host, whatever the path. */
function withNameOfHost(organization: Organization): Organization {
  const [label] = organization.host.split('.');
  return isLegacyCloudHost(organization.host) && label
    ? new Organization(
        organization.host,
        foldName(label) === foldName(organization.name)
          ? organization.name
          : label,
      )
    : organization;
}

/** One spelling for a host: in lower case, without the port that https has anyway. */
export function hostKey(host: string): string {
  return host.toLowerCase().replace(/:443$/, '');
}

/** How well a configured organization name fits an organization; higher is better. */
const FIT = {
  virtualDirectory: 1,
  collection: 3,
  whole: 5,
} as const;

/** A virtual directory that Azure DevOps Server installs by default, whichever the collection. */
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
function foldName(name: string): string {
  return percentDecoded(name).toLowerCase();
}
