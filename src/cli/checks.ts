import { routeTo } from '../azure/connections';
import type { LimiterSnapshot } from '../azure/limiter/limiter';
import type { ApiVersions, Repository, ServiceIdentity } from '../azure/types';
import { readClaims } from '../credentials/access-token';
import type { AnonymousAnswer } from '../azure/anonymous';
import {
  describeCredential,
  diagnose,
  type Diagnosis,
  ERRORS_PAGE,
} from '../credentials/problems/diagnosis';
import { tokensPage } from '../credentials/problems/service';
import type { CredentialDescription, ProofFacts } from '../credentials/types';
import { isCloudHost, type Organization } from '../organization';
import { EMPTY_LIST } from '../policy/nothing-found';
import { counted } from '../counted';
import { summarize } from './repositories';
import { formatDuration, printable } from './text';

// What each finding of `doctor` means. The findings themselves come from examination.ts.

/** What `doctor` looks at; each has a section of its own in the documentation. */
export const CHECK_NAMES = [
  'configuration',
  'credential',
  'certificate',
  'federated token',
  'token',
  'organization',
  'membership',
  'token reach',
  'projects',
  'repositories',
  'api version',
  'proxy',
  'clock',
  'rate limit',
] as const;

export type CheckName = (typeof CHECK_NAMES)[number];

/** One thing that `doctor` looks at. */
export interface Check {
  readonly name: CheckName;
  readonly status: 'pass' | 'warn' | 'fail';
  /** What was found, as a clause. */
  readonly message: string;
  /** What to do about it, as a sentence; for all that does not pass. */
  readonly cure?: string;
  /** Where more is said about it: about the check, or about the problem that it found. */
  readonly docs: string;
}

/** The section about a check. */
export function docsOfCheck(name: CheckName): string {
  return `${ERRORS_PAGE}#check-${name.replaceAll(' ', '-')}`;
}

export function pass(name: CheckName, message: string): Check {
  return { name, status: 'pass', message, docs: docsOfCheck(name) };
}

export function warn(name: CheckName, message: string, cure: string): Check {
  return { name, status: 'warn', message, cure, docs: docsOfCheck(name) };
}

export function fail(name: CheckName, diagnosis: Diagnosis): Check {
  const { cause, cure, docs } = diagnosis;
  return { name, status: 'fail', message: cause, cure, docs };
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

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

/** So long before its end a certificate is worth a warning. */
const CERTIFICATE_ENDS_SOON = 30 * DAY;

/** What is presented in place of a client secret. Never the key or the token. */
export function proofCheck(
  facts: ProofFacts,
  organization: Organization,
  now: number,
): Check {
  if (facts.kind === 'certificate') {
    const { subject, thumbprint, validTo } = facts;
    const left = validTo - now;
    const days = Math.floor(left / DAY);
    const message = `${printable(subject)}, thumbprint ${thumbprint}, valid until ${day(validTo)} (${counted(days, 'day')} left)`;
    return left >= CERTIFICATE_ENDS_SOON
      ? pass(facts.kind, message)
      : warn(
          facts.kind,
          message,
          'Make the next one and add it to the application now: both are accepted side by side until the old one ends',
        );
  }
  const { issuer, subject, audience, expiresAt } = facts;
  const message = `subject ${printable(subject)}, issuer ${printable(issuer)}, audience ${printable(audience)}`;
  if (expiresAt === undefined) return pass(facts.kind, message);
  if (expiresAt <= now) {
    const detail = `valid until ${new Date(expiresAt).toISOString()}`;
    return fail(
      facts.kind,
      diagnose('federated-token-expired', { organization, detail }),
    );
  }
  return pass(
    facts.kind,
    `${message}; expires in ${formatDuration(expiresAt - now)}`,
  );
}

/** A day as certificates and announcements are spoken of. */
function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** What kind of token there is, and until when. Never the token. */
export function tokenCheck(authorization: string, now: number): Check {
  if (authorization.startsWith('Basic ')) {
    return pass(
      'token',
      'a personal access token, sent as it is; when it expires only its owner sees',
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

/**
 * When Azure DevOps ends tokens that are valid for all organizations.
 *
 * Source: devblogs.microsoft.com/devops/retirement-of-global-personal-access-tokens-in-azure-devops,
 * with the date of the warning of @backstage/backend-defaults 0.19.0
 */
const GLOBAL_TOKENS_END = '2027-01-27';

/** Another organization that a personal access token is configured for. */
export interface Reached {
  readonly organization: Organization;
  /** Whether it takes the token for one; absent when its answer shows neither. */
  readonly knowsToken?: boolean;
}

/**
 * Whether a personal access token is a global one, as far as can be told: it is
 * if a second organization accepts it.
 */
export function tokenReachCheck(others: readonly Reached[]): Check {
  const alsoIn = others.find(({ knowsToken }) => knowsToken);
  if (alsoIn) {
    return warn(
      'token reach',
      `a global token, as ${alsoIn.organization.label} accepts it too; Azure DevOps ends global tokens on ${GLOBAL_TOKENS_END}`,
      'Make a token for each organization, or use an identity instead of tokens',
    );
  }
  const notIn = others.find(({ knowsToken }) => knowsToken === false);
  if (notIn) {
    return pass(
      'token reach',
      `${notIn.organization.label} does not know it: it is no global token, or its owner is not a member there`,
    );
  }
  const [first] = others;
  return pass(
    'token reach',
    first
      ? `it cannot be told whether it is a global one: ${first.organization.label} does not say whether it knows it`
      : 'no other organization is configured for this token, so it cannot be told whether it is a global one',
  );
}

/** Whether the organization is there, and which tenant it belongs to. */
export function organizationCheck(
  organization: Organization,
  probe: AnonymousAnswer,
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
  const message = `${counted(visible, 'project')}${more} visible`;
  return visible > 0
    ? pass('projects', message)
    : warn(
        'projects',
        message,
        'Add the identity to the group Readers of the projects that the catalog is to show',
      );
}

/**
 * A token that reads repositories, and lists no projects.
 *
 * Source: the specification of the REST API gives `vso.project` for the list of
 * projects, and `vso.code` for everything of Git
 */
export function projectScopeCheck(organization: Organization): Check {
  return warn(
    'projects',
    'the personal access token lacks the scope Project and Team (Read): that a project was deleted cannot be found out, and its entities stay until their removal is approved',
    `Edit it at ${tokensPage(organization)} and give it that scope too`,
  );
}

/**
 * How many repositories the identity sees. Members without any are told apart
 * by the projects that they see: a Stakeholder sees those, and no repositories.
 *
 * @param projects - how many projects the identity sees; absent when that could not be found out
 */
export function repositoriesCheck(
  organization: Organization,
  visible: readonly Repository[],
  projects: number | undefined,
): Check {
  if (visible.length > 0) {
    return pass('repositories', `${summarize(visible)} visible`);
  }
  return projects
    ? warn(
        'repositories',
        `none visible, although ${counted(projects, 'project')} ${projects === 1 ? 'is' : 'are'}: the identity is a member, but has the access level Stakeholder, or no permission to read code`,
        `Look at its access level at ${organization.url}/_settings/users, which has to be Basic, then at Project settings > Repositories > Security`,
      )
    : warn('repositories', EMPTY_LIST.cause, EMPTY_LIST.cure);
}

/** Which versions of the interface the service speaks. */
export function apiVersionCheck(
  organization: Organization,
  versions: ApiVersions | undefined,
): Check {
  if (versions?.refusedWith !== undefined) {
    return warn(
      'api version',
      `${versions.released}, which is assumed: OPTIONS is answered with ${versions.refusedWith}, probably by a proxy`,
      `Let OPTIONS requests through to ${organization.host}, so that its newest version is used`,
    );
  }
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
        ? 'not near: Azure DevOps mentions it only when it is'
        : 'Azure DevOps Server has none',
    );
  }
  const message = `${Math.floor(remaining)} of ${limit} units left in 5 minutes`;
  return remaining < limit / 4
    ? warn('rate limit', message, cure)
    : pass('rate limit', message);
}
