import { request as http } from 'node:http';
import { request as https } from 'node:https';

/** What came of handing something to a consumer. */
export interface DeliveryResult {
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
): Promise<DeliveryResult> {
  return await new Promise(resolve => {
    const failed = (error: Error) =>
      resolve({ status: undefined, body: error.message });
    const send = url.protocol === 'https:' ? https : http;
    const request = send(
      url,
      {
        method: 'POST',
        timeout: PATIENCE_MS,
        headers: {
          'Content-Type': 'application/json; charset=utf-8',
          'Content-Length': Buffer.byteLength(body),
          'User-Agent': 'VSServices/19.268.36330.1',
          ...headers,
        },
      },
      response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', failed);
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            body: Buffer.concat(chunks).toString().slice(0, 1_000),
          }),
        );
      },
    );
    request.on('timeout', () => request.destroy(new Error('timed out')));
    request.on('error', failed);
    request.end(body);
  });
}

/** What a status means for the subscription. Source: behaviour.md, section 6. */
export function verdictOn(
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
