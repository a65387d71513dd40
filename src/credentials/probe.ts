import { type Dispatcher, request } from 'undici';
import { type Organization } from '../organization';

/** What an organization tells anybody about itself. */
export interface OrganizationProbe {
  /** False on a positive 404; absent when the answer does not tell. */
  readonly exists?: boolean;
  /** The tenant that it is connected to; all zeros for an organization of personal accounts. */
  readonly tenantId?: string;
  /** How far the service's clock is ahead of ours, in milliseconds; 0 when no further than the request itself took. */
  readonly clockAheadMs?: number;
}

export interface ProbeOptions {
  readonly dispatcher: Dispatcher;
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
  readonly signal?: AbortSignal;
}

const TIMEOUT = 10_000;

/**
 * Asks an organization, without any credential, whether it is there and which
 * tenant it is connected to. Told not to send anybody to a sign-in page, the
 * service answers with both.
 *
 * @returns `undefined` when there is no answer.
 */
export async function probeOrganization(
  organization: Organization,
  { dispatcher, now = Date.now, signal }: ProbeOptions,
): Promise<OrganizationProbe | undefined> {
  const timeout = AbortSignal.timeout(TIMEOUT);
  const sentAt = now();
  try {
    const { statusCode, headers, body } = await request(
      `${organization.url}/_apis/connectionData`,
      {
        dispatcher,
        method: 'HEAD',
        headers: { 'X-TFS-FedAuthRedirect': 'Suppress' },
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      },
    );
    const receivedAt = now();
    await body.dump();
    const tenantId = tenantOf(headers['x-vss-resourcetenant']);
    return {
      exists: existence(statusCode, tenantId),
      tenantId,
      clockAheadMs: clockAhead(headers['date'], sentAt, receivedAt),
    };
  } catch {
    signal?.throwIfAborted();
    return undefined;
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

function tenantOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\da-f-]{36}$/i.test(header)
    ? header.toLowerCase()
    : undefined;
}

function clockAhead(
  header: string | string[] | undefined,
  sentAt: number,
  receivedAt: number,
): number | undefined {
  // The header has whole seconds, cut off: half a second is missing on average.
  const serviceTime = Date.parse(String(header)) + 500;
  if (Number.isNaN(serviceTime)) return undefined;
  const ahead = serviceTime - (sentAt + receivedAt) / 2;
  const uncertainty = (receivedAt - sentAt) / 2 + 500;
  return Math.abs(ahead) <= uncertainty ? 0 : Math.round(ahead);
}
