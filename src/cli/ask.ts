import { classifyAnswer, isExpected } from '../azure/classify';
import { systemClock } from '../azure/clock';
import { AzureDevOpsRequestError } from '../azure/errors';
import { exchange } from '../azure/exchange';
import { classifyFailure } from '../azure/failures';
import type { ResponseHeaders } from '../azure/headers';
import { withoutByteOrderMark } from '../azure/saying';
import { secretsOf } from '../azure/secrets';
import { type Organization } from '../organization';
import type { Session } from './session';

/** An answer in JSON, and when it came. */
export interface Answer {
  readonly json: unknown;
  readonly headers: ResponseHeaders;
  /** Milliseconds since the epoch at which the request was sent and the answer was there. */
  readonly sentAt: number;
  readonly receivedAt: number;
}

const TIMEOUTS = { deadlineMs: 60_000, headersMs: 60_000, bodyMs: 60_000 };
const LARGEST = 4 * 1024 * 1024;

/**
 * Asks an organization something that only diagnosis has a use for, with its
 * credential. Follows no redirect and repeats nothing.
 *
 * @param path - what follows the organization's address, with the query
 * @param operation - what is being done, as an infinitive
 * @throws AzureDevOpsRequestError and CredentialError
 */
export async function ask(
  session: Session,
  organization: Organization,
  path: string,
  operation: string,
  method = 'GET',
): Promise<Answer> {
  const authorization = await session.credentials
    .forOrganization(organization)
    .getAuthorization();
  const url = new URL(`${organization.url}/${path}`);
  const sentAt = systemClock.now();
  const result = await exchange(
    session.dispatcher,
    {
      method,
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      headers: {
        accept: 'application/json',
        authorization,
        'x-tfs-fedauthredirect': 'Suppress',
      },
      expects: 'json',
      maxBytes: LARGEST,
      timeouts: TIMEOUTS,
    },
    systemClock,
  );
  const receivedAt = systemClock.now();
  if (result.outcome === 'failure') {
    const fault = classifyFailure(result.failure, organization.host);
    throw new AzureDevOpsRequestError(organization, operation, fault);
  }
  const { status, headers, body } = result.answer;
  const text = body.toString('utf8');
  const json = isExpected(status, headers, 'json') && parse(text);
  if (json === undefined || json === false) {
    const fault = classifyAnswer(
      { status, headers, body: text, expects: 'json' },
      { now: receivedAt, secrets: secretsOf(authorization) },
    );
    throw new AzureDevOpsRequestError(organization, operation, fault);
  }
  return { json, headers, sentAt, receivedAt };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(withoutByteOrderMark(text));
  } catch {
    return undefined;
  }
}

/** A text somewhere in an answer. */
export function textAt(json: unknown, ...path: string[]): string | undefined {
  const value = valueAt(json, path);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A list somewhere in an answer; empty when it is not there. */
export function listAt(json: unknown, ...path: string[]): unknown[] {
  const value = valueAt(json, path);
  return Array.isArray(value) ? value : [];
}

function valueAt(json: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? Reflect.get(value, key)
        : undefined,
    json,
  );
}
