import { request } from 'undici';
import type { Organization } from '../organization';
import { createConnections } from './connections';
import { headerOf, resourceTenantOf, type ResponseHeaders } from './headers';

/** What an organization shows without a credential. */
export interface AnonymousAnswer {
  /** False on a positive 404; absent when the answer shows neither. */
  readonly exists?: boolean;
  /** The tenant that it is connected to; all zeros for an organization of personal accounts. */
  readonly tenantId?: string;
  /** How far the service's clock is ahead of ours, in milliseconds; 0 when no further than the request itself took. */
  readonly clockAheadMs?: number;
}

const TIMEOUT = 10_000;

/**
 * Asks an organization, without any credential, whether it is there and which
 * tenant it is connected to. Where the sign-in page is suppressed, the answer
 * names both.
 *
 * @param now - milliseconds since the epoch
 * @returns `undefined` when there is no answer.
 */
export async function askAnonymously(
  organization: Organization,
  now = Date.now,
): Promise<AnonymousAnswer | undefined> {
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
        signal: AbortSignal.timeout(TIMEOUT),
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
