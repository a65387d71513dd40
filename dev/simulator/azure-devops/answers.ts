import type { SimulatedResponse } from '../http';
import type { ApiVersion, Call } from '../seams';

/** The content type of an answer in JSON, which repeats the version. */
export function jsonType({ text }: ApiVersion): string {
  return `application/json; charset=utf-8; api-version=${text}`;
}

export function json(
  call: Call,
  body: unknown,
  headers: Record<string, string> = {},
): SimulatedResponse {
  return {
    status: 200,
    headers: { 'Content-Type': jsonType(call.apiVersion), ...headers },
    body,
  };
}

export function jsonList(
  call: Call,
  value: readonly unknown[],
  headers: Record<string, string> = {},
): SimulatedResponse {
  return json(call, { count: value.length, value }, headers);
}

/** The bytes of a file, under its name. */
export function fileBytes(
  name: string,
  type: string,
  body: Buffer,
): SimulatedResponse {
  return {
    status: 200,
    headers: {
      'Content-Type': type,
      'Content-Disposition': `inline; filename*=UTF-8''${encodeURIComponent(name)}`,
    },
    body,
  };
}

/** A switch in the query: `true` in any case; everything else is off. */
export function isOn(call: Call, name: string): boolean {
  return call.query(name)?.toLowerCase() === 'true';
}

/** A number in the query; `undefined` if it is not there or not a whole number from 0. */
export function wholeNumber(call: Call, name: string): number | undefined {
  const text = call.query(name);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Whether JSON or an archive is asked for, by `$format` or else by `Accept`; otherwise a file comes as it is. */
export function wants(call: Call, format: 'json' | 'zip'): boolean {
  const asked = call.query('$format');
  return asked === undefined
    ? (call.request.headers['accept'] ?? '').includes(`application/${format}`)
    : asked.toLowerCase() === format;
}

/** Times are in UTC, as .NET writes them. */
export function timestamp(at: number): string {
  return new Date(at).toISOString();
}
