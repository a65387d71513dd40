import { readRateLimit, type ResponseHeaders } from '../azure/headers';
import { readClaims } from '../credentials/access-token';
import type { OrganizationProbe } from '../credentials/probe';
import { describeCredential } from '../credentials/problems/diagnosis';
import type { CredentialDescription } from '../credentials/types';
import { isCloudHost, type Organization } from '../organization';
import { type Check, pass, warn } from './check';
import { formatDuration } from './format';
import { routeTo } from './proxy';

// Each says what one finding means. What finds it is elsewhere.

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

/** How much of its share of the service the identity has left. */
export function rateLimitCheck(
  organization: Organization,
  headers: ResponseHeaders,
  now: number,
): Check {
  const signal = readRateLimit(headers, now);
  if (!isCloudHost(organization.host) && signal?.limit === undefined) {
    return pass('rate limit', 'Azure DevOps Server names none');
  }
  const { limit, remaining, delayMs = 0, retryAfterMs = 0 } = signal ?? {};
  const cure = `Look at ${organization.url}/_settings/usage for what else uses the identity`;
  if (delayMs > 0 || retryAfterMs > 0) {
    return warn(
      'rate limit',
      `the service is slowing the identity down (${formatDuration(Math.max(delayMs, retryAfterMs))})`,
      cure,
    );
  }
  if (limit === undefined || remaining === undefined) {
    return pass('rate limit', 'far away: the service names no limit');
  }
  const message = `${remaining} of ${limit} units left in 5 minutes`;
  return remaining < limit / 4
    ? warn('rate limit', message, cure)
    : pass('rate limit', message);
}
