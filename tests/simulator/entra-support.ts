/** The scope of Azure DevOps. */
export const SCOPE = '499b84ac-1321-427f-aa17-267ca6975798/.default';
/** The scope in which a managed identity gets the assertion of an application. */
export const EXCHANGE = 'api://AzureADTokenExchange/.default';
/** Two tenants. */
export const HOME = '11111111-1111-4111-8111-111111111111';
export const ELSEWHERE = '22222222-2222-4222-8222-222222222222';
export const HOUR = 3_600_000;

/** The claims of a token, unverified. */
export function claims(token: string | undefined): Record<string, unknown> {
  const [, payload = ''] = (token ?? '').split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}
