import { request } from 'undici';
import type { OrganizationProbe } from '../credentials/explain';
import type { Organization } from '../organization';
import { createConnections } from './connections';
import { headerOf, resourceTenantOf, type ResponseHeaders } from './headers';

export interface ProbeOptions {
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
  readonly signal?: AbortSignal;
}

const TIMEOUT = 10_000;

/**
 * Asks an organization, without any credential, whether it is there and which
 * tenant it is connected to. Where the sign-in page is suppressed, the answer
 * names both.
 *
 * @returns `undefined` when there is no answer.
 */
export async function probeOrganization(
  organization: Organization,
  { now = Date.now, signal }: ProbeOptions = {},
): Promise<OrganizationProbe | undefined> {
  const timeout = AbortSignal.timeout(TIMEOUT);
  const connections = createConnections({
    host: organization.host,
    sockets: 1,
    connectMs: TIMEOUT,
  });
  const sentAt = now();
  try {
    const { statusCode, headers, body } = await request(
      `${organization.url}/_apis/connectionData`,
      {
        dispatcher: connections.fresh,
        method: 'HEAD',
        headers: { 'X-TFS-FedAuthRedirect': 'Suppress' },
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      },
    );
    const receivedAt = now();
    await body.dump();
    const tenantId = resourceTenantOf(headers);
    return {
      exists: existence(statusCode, tenantId),
      tenantId,
      clockAheadMs: clockAhead(headers, sentAt, receivedAt),
    };
  } catch {
    signal?.throwIfAborted();
    return undefined;
  } finally {
    await connections.kept.destroy();
    await connections.fresh.destroy();
  }
}

function existence(
  status: number,
  tenantId: string | undefined,
): boolean | undefined {
  if (status === 404) return false;
  return tenantId !== undefined || status === 200 || status === 401
    ? true
    : undefined;
}

function clockAhead(
  headers: ResponseHeaders,
  sentAt: number,
  receivedAt: number,
): number | undefined {
  // The header has whole seconds, cut off: half a second is missing on average.
  const serviceTime = Date.parse(headerOf(headers, 'date') ?? '') + 500;
  if (Number.isNaN(serviceTime)) return undefined;
  const ahead = serviceTime - (sentAt + receivedAt) / 2;
  const uncertainty = (receivedAt - sentAt) / 2 + 500;
  return Math.abs(ahead) <= uncertainty ? 0 : Math.round(ahead);
}
