import { headerOf, mediaTypeOf, type ResponseHeaders } from './headers';
import { fieldsOf, parseJson } from './parse';

/** What the service said in an answer that is no success. */
export interface ServiceErrorBody {
  readonly typeKey?: string;
  readonly message?: string;
  readonly activityId?: string;
}

/** Longer messages are cut; the service's own are shorter. */
const LONGEST_MESSAGE = 500;
/** Text of another kind is only quoted when it is a sentence rather than a page. */
const LONGEST_PLAIN_TEXT = 1000;

/**
 * Finds the service's words in an answer: in its error envelope, in
 * `X-TFS-ServiceError`, in a short plain text, or in the title of a page. Never
 * more than one short line, and never HTML.
 *
 * @param secrets - what must not be quoted even if the answer repeats it
 */
export function parseErrorBody(
  headers: ResponseHeaders,
  body: string,
  secrets: readonly string[] = [],
): ServiceErrorBody {
  const envelope = readEnvelope(headers, body);
  const message =
    envelope?.message ??
    decoded(headerOf(headers, 'x-tfs-serviceerror')) ??
    readText(headers, body);
  return {
    typeKey: envelope?.typeKey && oneLine(envelope.typeKey, secrets),
    message: message && oneLine(message, secrets),
    activityId: readActivityId(headers),
  };
}

/** Where the service's support finds the request. */
export function readActivityId(headers: ResponseHeaders): string | undefined {
  const id =
    headerOf(headers, 'activityid') ?? headerOf(headers, 'x-vss-e2eid');
  return id && /^[\w-]{1,64}$/.test(id) ? id : undefined;
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

function oneLine(text: string, secrets: readonly string[]): string | undefined {
  let line = text;
  for (const secret of secrets) {
    line = line.replaceAll(secret, '***');
  }
  // Control characters would let an answer write lines of its own into a log.
  line = line.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > LONGEST_MESSAGE
    ? `${line.slice(0, LONGEST_MESSAGE)}…`
    : line || undefined;
}
