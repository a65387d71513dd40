import type { CredentialDescription } from '../types';
import { DOCUMENTATION } from '../../documentation';
import { CLOUD_HOST, isCloudHost } from '../../organization';
import {
  type ProblemFacts,
  type ProblemText,
  TOKEN_SCOPES,
  whereConfigured,
} from './facts';
import { SERVICE_PROBLEMS } from './service';
import { TOKEN_PROBLEMS } from './token';

/** Problems that show before anything is asked of anybody. */
const CONFIGURATION_PROBLEMS = {
  'no-matching-credential': {
    cause: ({ organization, configured }) =>
      configured?.length
        ? `no configured credential serves it; configured for ${organization.host}: ${configured.join('; ')}`
        : `no credential is configured for ${organization.host}`,
    cure: ({ organization }) =>
      `Add a credential under integrations.azure with host: ${organization.host}, ` +
      `and either name '${organization.name}' in its organizations or leave organizations out`,
  },
  'personal-access-token-empty': {
    cause: () => 'the configured personal access token is empty',
    cure: facts =>
      `Set personalAccessToken of ${whereConfigured(facts)} to the token as Azure DevOps showed it, without encoding it; ` +
      'if it comes from an environment variable, check that the variable is set where Backstage runs',
  },
  'credentials-not-valid': {
    cause: ({ detail }) => detail ?? 'integrations.azure is not valid',
    cure: () =>
      'Correct the entry: a credential has either personalAccessToken, or clientId, or clientId and tenantId with one of clientSecret, ' +
      'managedIdentityClientId, clientCertificate or clientCertificatePath (the last two since @backstage/integration 2.2), ' +
      'and nothing else but organizations; ' +
      'a key whose environment variable is not set counts as missing',
  },
  'server-needs-personal-access-token': {
    cause: ({ detail, organization }) =>
      detail ??
      `only a personal access token works with ${organization.host}, which is not ${CLOUD_HOST}`,
    cure: ({ organization }) =>
      isCloudHost(organization.host)
        ? `Put the credential under host: ${CLOUD_HOST}; it serves ${organization.host} too`
        : `Create a personal access token with the scopes ${TOKEN_SCOPES} on the server, and configure it as personalAccessToken: ` +
          'Azure DevOps Server does not accept service principals or managed identities',
  },
} satisfies Record<string, ProblemText>;

/** Where every problem has a section of its own, under its id. */
export const ERRORS_PAGE = `${DOCUMENTATION}/errors.md`;

const PROBLEMS = {
  ...CONFIGURATION_PROBLEMS,
  ...TOKEN_PROBLEMS,
  ...SERVICE_PROBLEMS,
};

/** The problems that are told apart; each is the anchor of its section in the documentation. */
export type ProblemId = keyof typeof PROBLEMS;

export const PROBLEM_IDS = Object.keys(PROBLEMS) as ProblemId[];

/** What is wrong and what to do about it, in words for the person who runs Backstage. */
export interface Diagnosis {
  readonly problem: ProblemId;
  /** A clause without a full stop. */
  readonly cause: string;
  /** A sentence in the imperative, without a full stop. */
  readonly cure: string;
  /** The address of the section in the documentation. */
  readonly docs: string;
  /** Whether waiting may be all that it takes. */
  readonly transient: boolean;
}

/** Puts a problem into words. */
export function diagnose(problem: ProblemId, facts: ProblemFacts): Diagnosis {
  const text: ProblemText = PROBLEMS[problem];
  return {
    problem,
    cause: text.cause(facts),
    cure: text.cure(facts),
    docs: `${ERRORS_PAGE}#${problem}`,
    transient: text.transient ?? false,
  };
}

/** A credential in words, without its value. */
export function describeCredential(
  credential: Omit<CredentialDescription, 'matchedBy'>,
): string {
  return [
    credential.kind,
    ...(credential.clientId ? [`client id ${credential.clientId}`] : []),
    ...(credential.tenantId ? [`tenant ${credential.tenantId}`] : []),
    ...(credential.configKey ? [`from ${credential.configKey}`] : []),
  ].join(', ');
}
