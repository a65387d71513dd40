import { CLOUD_HOST, isCloudHost } from '../../organization';
import { type ProblemText, whereConfigured } from './facts';

/** Problems that show before anything is asked of anybody. */
export const CONFIGURATION_PROBLEMS = {
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
      `Set ${whereConfigured(facts)}.personalAccessToken to the token as Azure DevOps showed it, without encoding it; ` +
      'if it comes from an environment variable, check that the variable is set where Backstage runs',
  },
  'credentials-not-valid': {
    cause: ({ detail }) => detail ?? 'integrations.azure is not valid',
    cure: () =>
      'Correct the entry: a credential has either personalAccessToken, or clientId, or clientId with clientSecret and tenantId, ' +
      'or clientId with managedIdentityClientId and tenantId, and nothing else but organizations; ' +
      'a key whose environment variable is not set counts as missing',
  },
  'server-needs-personal-access-token': {
    cause: ({ detail, organization }) =>
      detail ??
      `only a personal access token works with ${organization.host}, which is not ${CLOUD_HOST}`,
    cure: ({ organization }) =>
      isCloudHost(organization.host)
        ? `Put the credential under host: ${CLOUD_HOST}; it serves ${organization.host} too`
        : 'Create a personal access token with the scope Code (Read) on the server, and configure it as personalAccessToken: ' +
          'Azure DevOps Server does not accept service principals or managed identities',
  },
} satisfies Record<string, ProblemText>;
