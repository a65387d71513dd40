import { deniedByIis, htmlPage } from '../errors';
import type { SimulatedRequest, SimulatedResponse } from '../http';
import type { Organization } from '../model';

/** The answer of what stands in front of the service, where it does not let a request through. */
export function answerInFront(
  request: SimulatedRequest,
  organization: Organization,
): SimulatedResponse | undefined {
  const { optionsAnsweredWith, iisBasicAuthentication } = organization;
  if (optionsAnsweredWith && request.method === 'OPTIONS') {
    return htmlPage(optionsAnsweredWith, `${optionsAnsweredWith}`, 'nginx');
  }
  return iisBasicAuthentication ? iisPage() : undefined;
}

/**
 * IIS with its Basic Authentication switched on takes every Basic credential for
 * a Windows account, and a token for a wrong password. The Server is not asked.
 *
 * Sources: https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/iis-basic-auth,
 * MicrosoftDocs/azure-devops-docs issue 8890
 */
function iisPage(): SimulatedResponse {
  return deniedByIis(['Basic realm="localhost"', 'Negotiate', 'NTLM']);
}
