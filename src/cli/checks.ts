import { routeTo } from '../azure/connections';
import type { LimiterSnapshot } from '../azure/limiter/limiter';
import type { ApiVersions, Repository, ServiceIdentity } from '../azure/types';
import { readClaims } from '../credentials/access-token';
import type { OrganizationProbe } from '../credentials/explain';
import {
  describeCredential,
  type Diagnosis,
} from '../credentials/problems/diagnosis';
import type { CredentialDescription } from '../credentials/types';
import { isCloudHost, type Organization } from '../organization';
import { summarize } from './repositories';
import { count, formatDuration, printable } from './text';

// What each finding of `doctor` means. The findings themselves come from doctor.ts.

/** One thing that `doctor` looks at. */
export interface Check {
  readonly name: string;
  readonly status: 'pass' | 'warn' | 'fail';
  /** What was found, as a clause. */
  readonly message: string;
  /** What to do about it, as a sentence; for all that does not pass. */
  readonly cure?: string;
  /** Where more is said about it. */
  readonly docs?: string;
}

export function pass(name: string, message: string): Check {
  return { name, status: 'pass', message };
}

export function warn(name: string, message: string, cure: string): Check {
  return { name, status: 'warn', message, cure };
}

export function fail(name: string, diagnosis: Diagnosis): Check {
  const { cause, cure, docs } = diagnosis;
  return { name, status: 'fail', message: cause, cure, docs };
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Which credential serves the organization, and why. */
export function credentialCheck(
  credential: CredentialDescription,
  organization: Organization,
): Check {
  const message = `${describeCredential(credential)}: ${credential.matchedBy}`;
  return credential.kind === 'default Azure credential'
    ? warn(
        'credential',
        message,
        `If that is not meant, add a credential for '${organization.name}' under integrations.azure`,
      )
    : pass('credential', message);
}

/** What kind of token there is, and until when. Never the token. */
export function tokenCheck(authorization: string, now: number): Check {
  if (authorization.startsWith('Basic ')) {
    return pass(
      'token',
      'a personal access token, sent as it is; Azure DevOps does not tell when it expires',
    );
  }
  const claims = readClaims(authorization);
  if (!claims) return pass('token', 'obtained');
  const { tenantId, objectId, expiresAt } = claims;
  const expiry =
    expiresAt === undefined
      ? ''
      : `, expires ${new Date(expiresAt).toISOString()} (in ${formatDuration(expiresAt - now)})`;
  return pass(
    'token',
    `obtained from tenant ${tenantId ?? 'unknown'} for object ${objectId ?? 'unknown'}${expiry}`,
  );
}

/** Whether the organization is there, and which tenant it belongs to. */
export function organizationCheck(
  organization: Organization,
  probe: OrganizationProbe,
): Check {
  const address = organization.url;
  const { tenantId } = probe;
  if (!tenantId) return pass('organization', `${address} answers`);
  return pass(
    'organization',
    /^[0-]+$/.test(tenantId)
      ? `${address} answers; it has personal accounts and no tenant`
      : `${address} answers; connected to tenant ${tenantId}`,
  );
}

/** How the organization is reached. */
export function proxyCheck(
  { host }: Organization,
  env: NodeJS.ProcessEnv,
): Check {
  const route = routeTo(host, env);
  switch (route.way) {
    case 'direct':
      return pass('proxy', 'none is set; reached directly');
    case 'proxy':
      return pass('proxy', `reached through ${route.proxy}`);
    case 'exception':
      return pass(
        'proxy',
        `reached directly, because NO_PROXY has ${route.entry}`,
      );
  }
}

/** How far the clocks are apart: tokens are valid by the service's. */
export function clockCheck(aheadMs: number | undefined): Check {
  if (aheadMs === undefined) {
    return warn(
      'clock',
      'the service did not tell the time',
      'Check that the clock of this machine is kept by NTP',
    );
  }
  const off = Math.abs(aheadMs);
  if (off < 2 * SECOND) return pass('clock', "agrees with the service's");
  const message = `${formatDuration(off)} ${aheadMs > 0 ? 'behind' : 'ahead of'} the service's`;
  if (off < 30 * SECOND) return pass('clock', message);
  const cure = 'Set the clock of this machine, and keep it set by NTP';
  return off < 5 * MINUTE
    ? warn('clock', message, cure)
    : { ...warn('clock', message, cure), status: 'fail' };
}

/** Who the organization takes the credential for. */
export function membershipCheck({ id, name }: ServiceIdentity): Check {
  const known = printable(name ?? 'an identity without a name');
  return pass('membership', `known as ${known} (${printable(id)})`);
}

/** How many projects the identity sees; of a thousand there may be more. */
export function projectsCheck(visible: number): Check {
  const more = visible === 1_000 ? ' or more' : '';
  const message = `${count(visible, 'project')}${more} visible`;
  return visible > 0
    ? pass('projects', message)
    : warn(
        'projects',
        message,
        'Add the identity to the group Readers of the projects that the catalog is to show',
      );
}

/** How many repositories the identity sees. */
export function repositoriesCheck(visible: readonly Repository[]): Check {
  return visible.length > 0
    ? pass('repositories', `${summarize(visible)} visible`)
    : warn(
        'repositories',
        'none visible: what may not be read is left out without a word',
        'Give the identity the access level Basic (a Stakeholder sees no repositories) and the permission to read in ' +
          'Project settings > Repositories > Security',
      );
}

/** Which versions of the interface the service speaks. */
export function apiVersionCheck(
  organization: Organization,
  versions: ApiVersions | undefined,
): Check {
  return versions
    ? pass(
        'api version',
        `${versions.released} (newest preview ${versions.newest})`,
      )
    : warn(
        'api version',
        `${organization.label} does not say which versions it speaks`,
        'Check that the address is that of Azure DevOps, and not of something in front of it',
      );
}

/** How much of its share of the service the identity has left. */
export function rateLimitCheck(
  organization: Organization,
  pacing: Pick<LimiterSnapshot, 'limit' | 'remaining' | 'pausedUntil'>,
  now: number,
): Check {
  const { limit, remaining, pausedUntil } = pacing;
  const cure = `Look at ${organization.url}/_settings/usage for what else uses the identity`;
  if (pausedUntil !== undefined) {
    return warn(
      'rate limit',
      `the service is slowing the identity down (${formatDuration(pausedUntil - now)})`,
      cure,
    );
  }
  if (limit === undefined || remaining === undefined) {
    return pass(
      'rate limit',
      isCloudHost(organization.host)
        ? 'far away: the service names no limit'
        : 'Azure DevOps Server names none',
    );
  }
  const message = `${Math.floor(remaining)} of ${limit} units left in 5 minutes`;
  return remaining < limit / 4
    ? warn('rate limit', message, cure)
    : pass('rate limit', message);
}
