import { headerOf, mediaTypeOf, type ResponseHeaders } from './headers';
import { quote, type QuotationOptions } from '../quotation';
import { fieldsOf, guidOf, parseJson } from './parse';

/** What the service said in an answer that is no success. */
export interface ServiceErrorBody {
  readonly typeKey?: string;
  readonly message?: string;
}

/** Text of another kind is only quoted when it is a sentence rather than a page. */
const LONGEST_PLAIN_TEXT = 1000;

/**
 * Finds the service's words in an answer: in its error envelope, in
 * `X-TFS-ServiceError`, in a short plain text, or in the title of a page. They
 * are as they came, and to be quoted before anybody sees them.
 */
export function readErrorBody(
  headers: ResponseHeaders,
  body: string,
): ServiceErrorBody {
  const envelope = readEnvelope(headers, body);
  return {
    typeKey: envelope?.typeKey,
    message:
      envelope?.message ??
      decoded(headerOf(headers, 'x-tfs-serviceerror')) ??
      readText(headers, body),
  };
}

/** The same in one short line each, with nothing secret in it. */
export function quoteErrorBody(
  { typeKey, message }: ServiceErrorBody,
  options: QuotationOptions,
): ServiceErrorBody {
  return {
    typeKey: typeKey && quote(typeKey, { ...options, maxLength: 100 }),
    message: message && quote(message, options),
  };
}

/** The GUID under which the service's support finds the request. */
export function readActivityId(headers: ResponseHeaders): string | undefined {
  return guidOf(
    headerOf(headers, 'activityid') ?? headerOf(headers, 'x-vss-e2eid'),
  );
}

function readEnvelope(
  headers: ResponseHeaders,
  body: string,
): { message?: string; typeKey?: string } | undefined {
  if (!mediaTypeOf(headers).includes('json')) {
    return undefined;
  }
  try {
    const json: unknown = parseJson(body);
    return {
      message: textOf(json, 'message'),
      typeKey: textOf(json, 'typeKey'),
    };
  } catch {
    return undefined;
  }
}

function readText(headers: ResponseHeaders, body: string): string | undefined {
  const type = mediaTypeOf(headers);
  if (type === 'text/html' || /^\s*</.test(body)) {
    const title = /<title[^>]*>([^<]{1,200})</i.exec(body)?.[1];
    return title && `page titled ${title.trim()}`;
  }
  return type === 'text/plain' && body.length <= LONGEST_PLAIN_TEXT
    ? body
    : undefined;
}

function textOf(json: unknown, key: string): string | undefined {
  const value = fieldsOf(json)[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `X-TFS-ServiceError` is encoded like a form: a blank is `+`. */
function decoded(value: string | undefined): string | undefined {
  try {
    return value && decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return value;
  }
}
