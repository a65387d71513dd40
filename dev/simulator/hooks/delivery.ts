import { type Dispatcher, request } from 'undici';

/** What came of handing something to a consumer. */
interface DeliveryResult {
  /** `undefined` when there was no answer. */
  readonly status: number | undefined;
  readonly body: string;
}

/** The service gives a consumer so long to answer. [Not documented; reported.] */
const PATIENCE_MS = 20_000;

/** Posts a notification; follows no redirect. */
export async function post(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  dispatcher: Dispatcher,
): Promise<DeliveryResult> {
  try {
    const { statusCode, body: answer } = await request(url, {
      method: 'POST',
      dispatcher,
      headersTimeout: PATIENCE_MS,
      bodyTimeout: PATIENCE_MS,
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        'User-Agent': 'VSServices/19.268.36330.1',
        ...headers,
      },
      body,
    });
    return { status: statusCode, body: (await answer.text()).slice(0, 1_000) };
  } catch (error) {
    return { status: undefined, body: (error as Error).message };
  }
}

/** What a status means for the subscription. Source: behaviour.md, section 6. */
export function resultOf(
  status: number | undefined,
): 'succeeded' | 'transient' | 'enduring' | 'terminal' {
  if (status !== undefined && status >= 200 && status < 300) {
    return 'succeeded';
  }
  if (status === 410) {
    return 'terminal';
  }
  return status === undefined || [408, 502, 503, 504].includes(status)
    ? 'transient'
    : 'enduring';
}

/** Pauses in seconds before a delivery is tried again after a transient failure. */
export const TRANSIENT_RETRIES = [1, 2, 4, 8, 16, 32, 60, 60];
/** Pauses in minutes before a subscription on probation is tried again; after the last it is disabled. */
export const PROBATION_RETRIES = [20, 40, 80, 160, 320, 640, 900];
