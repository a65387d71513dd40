import type { SimulatedResponse } from '../http';
import type { ApiVersion, Call } from '../seams';
import { formatVersion } from './versions';

/** The content type of an answer in JSON, which repeats the version. */
export function jsonType(version: ApiVersion): string {
  return `application/json; charset=utf-8; api-version=${formatVersion(version)}`;
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

/** A switch in the query: `true` in any case; everything else is off. */
export function isOn(call: Call, name: string): boolean {
  return call.query(name)?.toLowerCase() === 'true';
}

/** A number in the query; `undefined` if it is not there or not a whole number from 0. */
export function wholeNumber(
  call: Call,
  ...names: readonly string[]
): number | undefined {
  for (const name of names) {
    const text = call.query(name);
    if (text !== undefined && /^\d+$/.test(text)) {
      return Number(text);
    }
  }
  return undefined;
}

/** Which representations an answer may have, as `$format` or else `Accept` asks for. */
export type Representation = 'json' | 'zip' | 'text' | 'bytes' | 'any';

const BY_FORMAT: Readonly<Record<string, Representation>> = {
  json: 'json',
  zip: 'zip',
  text: 'text',
  octetstream: 'bytes',
};

const BY_TYPE: Readonly<Record<string, Representation>> = {
  'application/json': 'json',
  'application/zip': 'zip',
  'text/plain': 'text',
  'application/octet-stream': 'bytes',
  '*/*': 'any',
};

export function representationOf(call: Call): Representation {
  const format = call.query('$format');
  if (format !== undefined) {
    return BY_FORMAT[format.toLowerCase()] ?? 'any';
  }
  for (const part of (call.request.headers['accept'] ?? '').split(',')) {
    const type = part.split(';', 1)[0]!.trim().toLowerCase();
    const known = BY_TYPE[type];
    if (known) {
      return known;
    }
  }
  return 'any';
}

/** Times are told in UTC, as .NET writes them. */
export function timestamp(at: number): string {
  return new Date(at).toISOString();
}
