import { ProxyAgent, request } from 'undici';
import type { Simulator } from '../../dev/simulator';

/** An answer as it came, with nothing read into it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Question {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'OPTIONS';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** Asks one of the services that the simulator stands in for, under its own name. */
export async function ask(
  simulator: Simulator,
  url: string,
  { method = 'GET', headers = {}, body }: Question = {},
): Promise<Answer> {
  const dispatcher = new ProxyAgent(simulator.proxyUrl);
  try {
    const response = await request(url, {
      method,
      dispatcher,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return {
      status: response.statusCode,
      headers: response.headers,
      body: Buffer.from(await response.body.arrayBuffer()).toString(),
    };
  } finally {
    await dispatcher.close();
  }
}

/** The Authorization header of a personal access token. */
export function basic(token: string): Record<string, string> {
  const value = Buffer.from(`:${token}`).toString('base64');
  return { Authorization: `Basic ${value}` };
}
