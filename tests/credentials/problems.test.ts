import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECK_NAMES, docsOfCheck } from '../../src/cli/checks';
import { lastingFault, type RequestErrorKind } from '../../src/azure/errors';
import { classifyAccessFault } from '../../src/azure/explain';
import { classifyTokenFailure } from '../../src/credentials/token-failures';
import { composeMessage } from '../../src/credentials/errors';
import {
  diagnose,
  PROBLEM_IDS,
  type ProblemId,
} from '../../src/credentials/problems/diagnosis';
import type {
  CredentialDescription,
  ProofFacts,
} from '../../src/credentials/types';
import { TENANT_A, TENANT_B } from './support';
import { DOCUMENTATION } from '../../src/documentation';
import { Organization } from '../../src/organization';

const contoso = new Organization('dev.azure.com', 'contoso');
const server = new Organization('tfs.example.com', 'tfs/Main');

const TOKEN: CredentialDescription = {
  kind: 'personal access token',
  configKey: 'integrations.azure[0].credentials[0]',
  matchedBy: '',
};
const PRINCIPAL: CredentialDescription = {
  kind: 'service principal (client secret)',
  configKey: 'integrations.azure[0].credentials[1]',
  clientId: '11111111-2222-4333-8444-555555555555',
  tenantId: TENANT_A,
  matchedBy: '',
};

/** The credential that a problem typically befalls. */
function credentialOf(problem: ProblemId): CredentialDescription | undefined {
  if (problem === 'no-matching-credential') return undefined;
  if (/^(personal-access|iis-)/.test(problem)) return TOKEN;
  if (problem.startsWith('default-credential')) {
    return { kind: 'default Azure credential', matchedBy: '' };
  }
  if (problem.startsWith('managed-identity')) {
    return {
      ...TOKEN,
      kind: 'managed identity (user-assigned)',
      clientId: PRINCIPAL.clientId,
    };
  }
  if (problem.startsWith('certificate')) {
    return { ...PRINCIPAL, kind: 'service principal (certificate)' };
  }
  if (problem.startsWith('federated-token')) {
    return { ...PRINCIPAL, kind: 'workload identity' };
  }
  return problem.startsWith('federated')
    ? { ...PRINCIPAL, kind: 'service principal (managed identity assertion)' }
    : PRINCIPAL;
}

function messageOf(problem: ProblemId): string {
  const isOfServer = /^(no-matching|server-needs)/.test(problem);
  const organization = isOfServer ? server : contoso;
  const credential = credentialOf(problem);
  const diagnosis = diagnose(problem, {
    organization,
    credential,
    tokenTenant: TENANT_A,
    organizationTenant: TENANT_B,
    configured: [
      "personal access token (integrations.azure[1].credentials[0]) for 'Archive'",
    ],
  });
  return composeMessage(organization, credential, diagnosis);
}

describe('the message of a problem', () => {
  it('names the organization, the cause, the cure and the section of the documentation', () => {
    const table = PROBLEM_IDS.map(id => `${id}\n    ${messageOf(id)}`);
    expect(
      `\n${table.join('\n')}\n`.replaceAll(DOCUMENTATION, 'docs'),
    ).toMatchSnapshot();
  });

  it.each(PROBLEM_IDS)('has the form of all messages: %s', id => {
    const message = messageOf(id);
    expect(message).toMatch(
      /^(dev\.azure\.com\/contoso|tfs\.example\.com\/tfs\/Main): (?:[^A-Z]|Azure DevOps|Microsoft Entra).* What to do: [A-Z].*\. More: https:\/\/\S+\/docs\/errors\.md#[a-z-]+$/,
    );
    expect(message).not.toMatch(/\.\.|undefined|\s\s|\(\)|;\./);
    // An address at the end of a clause is followed by nothing that it could be taken to contain.
    expect(message).not.toMatch(/https:\/\/\S+\/\S*[;,)]/);
  });

  it.each<ProblemId>([
    'client-secret-invalid',
    'client-secret-expired',
    'application-not-found',
    'tenant-not-found',
    'azure-devops-not-in-tenant',
    'wrong-tenant',
  ])(
    'names variables, and no keys, for a credential that is not configured: %s',
    problem => {
      const { cure } = diagnose(problem, {
        organization: contoso,
        credential: { kind: 'default Azure credential', matchedBy: '' },
        tokenTenant: TENANT_A,
        organizationTenant: TENANT_B,
      });
      expect(cure).toMatch(/AZURE_(TENANT_ID|CLIENT_SECRET)/);
      expect(cure).not.toContain('integrations.azure');
    },
  );

  const ENTRY = 'integrations.azure[0].credentials[1]';
  it.each<[ProblemId, string[]]>([
    ['tenant-not-found', ['AZURE_TENANT_ID']],
    ['azure-devops-not-in-tenant', ['AZURE_TENANT_ID']],
    ['application-not-found', [`${ENTRY}.clientId`, 'AZURE_TENANT_ID']],
    ['wrong-tenant', ['AZURE_TENANT_ID']],
  ])(
    'says of %s to a workload identity where it has what is wrong',
    (problem, settings) => {
      const { cure } = diagnose(problem, {
        organization: contoso,
        credential: { ...PRINCIPAL, kind: 'workload identity' },
        tokenTenant: TENANT_A,
        organizationTenant: TENANT_B,
      });
      const named = cure.match(/integrations\.azure\S*[\w\]]|AZURE_\w+/g);
      expect(named).toEqual(settings);
    },
  );

  it('links to a section of docs/errors.md, where all checks of doctor and all problems stand in the same order', () => {
    const text = readFileSync(join(__dirname, '../../docs/errors.md'), 'utf8');
    // As GitHub makes anchors of headings.
    const anchors = [...text.matchAll(/^### (.+)$/gm)].map(([, heading = '']) =>
      heading.toLowerCase().replaceAll(':', '').replaceAll(' ', '-'),
    );
    expect(anchors).toEqual([
      ...CHECK_NAMES.map(name => docsOfCheck(name).split('#')[1]),
      ...PROBLEM_IDS,
    ]);
  });
});

describe('when no token can be had', () => {
  it.each<[string, ProblemId]>([
    ['AADSTS7000215: Invalid client secret provided.', 'client-secret-invalid'],
    [
      'AADSTS7000222: The provided client secret keys are expired.',
      'client-secret-expired',
    ],
    [
      'AADSTS700016: Application was not found in the directory.',
      'application-not-found',
    ],
    [
      'AADSTS7000229: missing service principal in the tenant',
      'consent-missing',
    ],
    [
      'AADSTS65001: has not consented to use the application',
      'consent-missing',
    ],
    ['AADSTS7000112: Application is disabled.', 'application-disabled'],
    ['AADSTS90002: Tenant not found.', 'tenant-not-found'],
    ['AADSTS900023: neither a valid DNS name', 'tenant-not-found'],
    [
      'AADSTS70021: No matching federated identity record',
      'federated-credential-missing',
    ],
    [
      'AADSTS700211: No matching federated identity record',
      'federated-credential-missing',
    ],
    [
      'AADSTS700212: No matching federated identity record',
      'federated-credential-missing',
    ],
    [
      'AADSTS700213: No matching federated identity record',
      'federated-credential-missing',
    ],
    [
      'AADSTS700236: may not be used for federated identity',
      'federated-credential-missing',
    ],
    [
      'AADSTS700024: Client assertion is not within its valid time range.',
      'clock-skew',
    ],
    [
      'AADSTS53003: Access has been blocked by Conditional Access',
      'conditional-access-token',
    ],
    [
      'AADSTS500011: The resource principal was not found',
      'azure-devops-not-in-tenant',
    ],
    [
      'AADSTS90033: A transient error has occurred.',
      'token-service-unavailable',
    ],
    ['AADSTS4711: Something new.', 'token-refused'],
  ])('explains %s as %s', (text, problem) => {
    const failure = classifyTokenFailure({
      issuer: 'microsoft-entra',
      status: 401,
      text: `invalid_client: Error(s): 1 - Timestamp: now - Description: ${text} Trace ID: x`,
    });
    expect(failure.problem).toBe(problem);
    expect(failure.detail).toMatch(/^AADSTS\d+/);
    expect(failure.detail).not.toContain('Trace ID');
  });

  const CERTIFICATE: ProofFacts = {
    kind: 'certificate',
    subject: 'CN=backstage',
    thumbprint: 'C0FFEE',
    validFrom: 0,
    validTo: 1,
  };
  const FEDERATED: ProofFacts = {
    kind: 'federated token',
    issuer: 'https://cluster.example/',
    subject: 'system:serviceaccount:backstage:backstage',
    audience: 'api://AzureADTokenExchange',
    expiresAt: 0,
  };
  const NOT_TRUSTED =
    'issuer https://cluster.example/, subject system:serviceaccount:backstage:backstage, audience api://AzureADTokenExchange';
  it.each<[string, ProofFacts, ProblemId, string]>([
    ['700027', CERTIFICATE, 'certificate-unknown', 'thumbprint C0FFEE'],
    ['50012', CERTIFICATE, 'certificate-unknown', 'thumbprint C0FFEE'],
    ['700024', CERTIFICATE, 'clock-skew', ''],
    ['700016', CERTIFICATE, 'application-not-found', ''],
    ['70021', FEDERATED, 'federated-token-not-trusted', NOT_TRUSTED],
    ['700211', FEDERATED, 'federated-token-not-trusted', NOT_TRUSTED],
    ['700212', FEDERATED, 'federated-token-not-trusted', NOT_TRUSTED],
    ['700213', FEDERATED, 'federated-token-not-trusted', NOT_TRUSTED],
    [
      '700024',
      FEDERATED,
      'federated-token-expired',
      'valid until 1970-01-01T00:00:00.000Z',
    ],
    ['90002', FEDERATED, 'tenant-not-found', ''],
  ])(
    'explains AADSTS%s to %j as %s, with what can be compared',
    (code, presented, problem, compared) => {
      const failure = classifyTokenFailure({
        issuer: 'microsoft-entra',
        status: 401,
        text: `AADSTS${code}: In its own words.`,
        presented,
      });
      expect(failure).toMatchObject({
        problem,
        detail: [`AADSTS${code}`, ...(compared ? [compared] : [])].join(', '),
      });
    },
  );

  it.each<[Parameters<typeof classifyTokenFailure>[0], ProblemId]>([
    [
      { issuer: 'microsoft-entra', text: '', status: 503 },
      'token-service-unavailable',
    ],
    [
      { issuer: 'microsoft-entra', text: '', status: 429 },
      'token-service-unavailable',
    ],
    [
      { issuer: 'microsoft-entra', text: '', networkCode: 'ENOTFOUND' },
      'token-service-unreachable',
    ],
    [
      { issuer: 'microsoft-entra', text: '', networkCode: 'REQUEST_TIMEOUT' },
      'token-timeout',
    ],
    [
      { issuer: 'microsoft-entra', text: 'endpoints_resolution_error' },
      'token-service-unreachable',
    ],
    [{ issuer: 'microsoft-entra', text: '', status: 302 }, 'token-malformed'],
    [
      { issuer: 'microsoft-entra', text: 'Invalid tenant id provided.' },
      'tenant-not-found',
    ],
    [
      {
        issuer: 'managed-identity',
        text: 'Description: Identity not found - Correlation ID',
      },
      'managed-identity-not-found',
    ],
    [
      {
        issuer: 'managed-identity',
        text: 'Description: No User Assigned or Delegated Managed Identity found for specified ClientId - Correlation ID',
      },
      'managed-identity-not-found',
    ],
    [
      { issuer: 'managed-identity', text: 'network_error: See' },
      'managed-identity-unavailable',
    ],
    [
      {
        issuer: 'managed-identity',
        text: 'Response had no "expiresOn" property.',
      },
      'token-service-unavailable',
    ],
    [
      {
        issuer: 'managed-identity',
        text: 'Description: Policy says no - Correlation ID',
      },
      'token-refused',
    ],
    [
      { issuer: 'environment', text: 'EnvironmentCredential is unavailable' },
      'default-credential-unavailable',
    ],
    [
      { issuer: 'environment', text: 'AADSTS7000222: expired' },
      'client-secret-expired',
    ],
  ])('explains %j as %s', (failure, problem) => {
    expect(classifyTokenFailure(failure).problem).toBe(problem);
  });
});

describe('when Azure DevOps denies or fails a request', () => {
  const said = (serviceMessage: string) => ({ serviceMessage });
  it.each<[RequestErrorKind, CredentialDescription, object, object, ProblemId]>(
    [
      [
        'unauthorized',
        PRINCIPAL,
        said('TF401444: Please sign-in at least once'),
        {},
        'identity-not-added',
      ],
      [
        'forbidden',
        PRINCIPAL,
        said('TF401444: Please sign-in at least once'),
        {},
        'identity-not-added',
      ],
      [
        'forbidden',
        PRINCIPAL,
        said('VS403283: Could not add user at this time.'),
        {},
        'identity-not-added',
      ],
      [
        'forbidden',
        PRINCIPAL,
        said('VS403463: The conditional access policy'),
        {},
        'conditional-access',
      ],
      [
        'unauthorized',
        TOKEN,
        said('VS403463: The conditional access policy'),
        {},
        'conditional-access',
      ],
      [
        'unauthorized',
        PRINCIPAL,
        said("TF400813: The user 'x' is not authorized"),
        {},
        'identity-not-authorized',
      ],
      [
        'unauthorized',
        TOKEN,
        said("TF400813: The user 'x' is not authorized"),
        {},
        'identity-not-authorized',
      ],
      [
        'unauthorized',
        PRINCIPAL,
        {
          ...said('TF400813: The user is not authorized'),
          typeKey: 'InvalidIdentityException',
        },
        { tokenTenant: TENANT_A, organizationTenant: TENANT_A.toUpperCase() },
        'token-not-accepted',
      ],
      [
        'unauthorized',
        PRINCIPAL,
        {
          ...said('TF400813: The user is not authorized'),
          resourceTenant: TENANT_B,
        },
        { tokenTenant: TENANT_A },
        'wrong-tenant',
      ],
      [
        'sign-in',
        PRINCIPAL,
        {},
        { tokenTenant: TENANT_A, organizationTenant: TENANT_B },
        'wrong-tenant',
      ],
      ...(
        [
          'TF400813: Resource not available for anonymous access. Client authentication required.',
          "TF400813: The user 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa' is not authorized to access this resource.",
          "TF400813: The user 'AAAAAAAA-AAAA-AAAA-AAAA-AAAAAAAAAAAA' is not authorized to access this resource.",
        ] as const
      ).flatMap(
        (
          message,
        ): Array<
          [RequestErrorKind, CredentialDescription, object, object, ProblemId]
        > => [
          [
            'unauthorized',
            TOKEN,
            said(message),
            {},
            'personal-access-token-unknown',
          ],
          [
            'forbidden',
            TOKEN,
            said(message),
            {},
            'personal-access-token-unknown',
          ],
          ['unauthorized', PRINCIPAL, said(message), {}, 'token-not-accepted'],
          [
            'unauthorized',
            PRINCIPAL,
            said(message),
            { tokenTenant: TENANT_A, organizationTenant: TENANT_B },
            'wrong-tenant',
          ],
        ],
      ),
      [
        'unauthorized',
        TOKEN,
        { challenges: ['basic', 'ntlm'] },
        {},
        'iis-basic-authentication',
      ],
      [
        'unauthorized',
        TOKEN,
        {
          challenges: ['basic', 'negotiate', 'ntlm'],
          ...said('page titled 401 - Unauthorized: Access is denied'),
        },
        {},
        'iis-basic-authentication',
      ],
      // The Server's own answer offers Bearer too, or says something.
      [
        'unauthorized',
        TOKEN,
        { challenges: ['bearer', 'basic', 'negotiate', 'ntlm'] },
        {},
        'personal-access-token-refused',
      ],
      [
        'unauthorized',
        TOKEN,
        {
          challenges: ['basic', 'ntlm'],
          ...said('TF400813: Resource not available for anonymous access.'),
        },
        {},
        'personal-access-token-unknown',
      ],
      [
        'unauthorized',
        TOKEN,
        { challenges: ['basic'] },
        {},
        'personal-access-token-refused',
      ],
      [
        'unauthorized',
        TOKEN,
        { challenges: ['basic', 'ntlm'] },
        { identityAccepted: true },
        'personal-access-token-scope',
      ],
      ['sign-in', PRINCIPAL, {}, {}, 'sign-in-page'],
      ['sign-in', TOKEN, {}, {}, 'personal-access-token-unknown'],
      [
        'unauthorized',
        TOKEN,
        { resourceTenant: TENANT_A },
        {},
        'personal-access-token-unknown',
      ],
      ['unauthorized', TOKEN, {}, {}, 'personal-access-token-refused'],
      [
        'unauthorized',
        TOKEN,
        {},
        { identityAccepted: true },
        'personal-access-token-scope',
      ],
      [
        'unauthorized',
        TOKEN,
        said('The Personal Access Token used has expired.'),
        {},
        'personal-access-token-expired',
      ],
      [
        'unauthorized',
        TOKEN,
        said('The token has been revoked.'),
        {},
        'personal-access-token-revoked',
      ],
      [
        'forbidden',
        TOKEN,
        said('The token lacks the scope vso.code.'),
        {},
        'personal-access-token-scope',
      ],
      [
        'forbidden',
        TOKEN,
        said('TF401027: You need the Git permission'),
        {},
        'permission-missing',
      ],
      [
        'forbidden',
        PRINCIPAL,
        said('TF401027: You need the Git permission'),
        {},
        'permission-missing',
      ],
      [
        'unauthorized',
        PRINCIPAL,
        {},
        { organizationExists: false },
        'organization-not-found',
      ],
      ['not-found', PRINCIPAL, {}, {}, 'organization-not-found'],
      [
        'not-found',
        PRINCIPAL,
        {},
        { organizationExists: true },
        'answer-not-understood',
      ],
      [
        'not-found',
        PRINCIPAL,
        { typeKey: 'ProjectDoesNotExistWithNameException' },
        {},
        'project-not-found',
      ],
      [
        'not-found',
        PRINCIPAL,
        { typeKey: 'GitRepositoryNotFoundException' },
        {},
        'permission-missing',
      ],
      [
        'unauthorized',
        TOKEN,
        { duringThrottling: true },
        {},
        'service-throttled',
      ],
      [
        'sign-in',
        PRINCIPAL,
        { duringThrottling: true },
        {},
        'service-throttled',
      ],
      ['throttled', PRINCIPAL, {}, {}, 'service-throttled'],
      ['unavailable', PRINCIPAL, {}, {}, 'service-unavailable'],
      ['timeout', PRINCIPAL, {}, {}, 'service-unavailable'],
      ['network', PRINCIPAL, {}, {}, 'service-unreachable'],
      ['malformed', PRINCIPAL, {}, {}, 'answer-not-understood'],
      ['redirected', PRINCIPAL, {}, {}, 'answer-not-understood'],
      [
        'bad-request',
        TOKEN,
        said('VS402904: not a public address'),
        {},
        'request-failed',
      ],
      ['too-large', PRINCIPAL, {}, {}, 'request-failed'],
      ['broken-link', PRINCIPAL, {}, {}, 'request-failed'],
      ['disk', PRINCIPAL, {}, {}, 'request-failed'],
      ['aborted', PRINCIPAL, {}, {}, 'request-failed'],
    ],
  )(
    'explains %s to %j, with %j and %j, as %s',
    (kind, credential, fault, context, problem) => {
      expect(
        classifyAccessFault(
          { ...lastingFault(kind, ''), ...fault },
          { credential, ...context },
        ),
      ).toBe(problem);
    },
  );
});
