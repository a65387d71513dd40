import { CLOUD_HOST, isLegacyCloudHost, Organization } from '../organization';
import { fitOfName, foldName } from './names';

/** As much of a configured credential as matching needs. */
export interface Matchable {
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
  organization: Organization,
): Match<T> {
  const ref = withNameOfHost(organization);
  const own = matchOnHost(configured, ref);
  if (own) return own;
  if (isLegacyCloudHost(ref.host)) {
    const modern = new Organization(CLOUD_HOST, ref.name);
    const found = matchCredential(configured, modern);
    return found.outcome === 'none'
      ? found
      : {
          ...found,
          matchedBy: `${found.matchedBy} (${ref.host} is ${CLOUD_HOST}/${ref.name})`,
        };
  }
  if (hostKey(ref.host) === CLOUD_HOST) {
    return {
      outcome: 'default',
      matchedBy: `no credential for ${CLOUD_HOST} lists it, and none is without organizations`,
    };
  }
  return { outcome: 'none' };
}

function matchOnHost<T extends Matchable>(
  configured: readonly T[],
  ref: Organization,
): Match<T> | undefined {
  const onHost = configured.filter(c => hostKey(c.host) === hostKey(ref.host));
  let best: { credential: T; name: string; fit: number } | undefined;
  for (const credential of onHost) {
    for (const name of credential.organizations) {
      const fit = fitOfName(name, ref.name);
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

/** Under its legacy name an organization is what the host says, whatever the path. */
function withNameOfHost(ref: Organization): Organization {
  const [label] = ref.host.split('.');
  return isLegacyCloudHost(ref.host) && label
    ? new Organization(
        ref.host,
        foldName(label) === foldName(ref.name) ? ref.name : label,
      )
    : ref;
}

/** One spelling for a host: in lower case, without the port that https has anyway. */
function hostKey(host: string): string {
  return host.toLowerCase().replace(/:443$/, '');
}
