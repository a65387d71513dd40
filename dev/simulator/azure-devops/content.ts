/** The bytes of a file as the service decodes them. */
interface FileText {
  /** The decoded text; of a binary file its bytes in base64. */
  readonly content: string;
  /** A Windows code page: 65001 is UTF-8. -1 for a binary file. */
  readonly encoding: number;
  readonly isBinary: boolean;
}

const UTF8 = 65001;
const UTF16_LITTLE_ENDIAN = 1200;
const UTF16_BIG_ENDIAN = 1201;
const WINDOWS_1252 = 1252;

/** How far into a file a zero byte makes it binary, as with Git. */
const BINARY_WINDOW = 8000;

/**
 * Decodes a file by its byte order mark, else as UTF-8 if it is that, else as
 * Windows-1252. Which code pages the service guesses beside UTF-8, and what it
 * makes of binary files, is not documented: this is assumed.
 */
export function decodeFile(bytes: Buffer): FileText {
  if (startsWith(bytes, 0xff, 0xfe)) {
    return text(bytes, 'utf-16le', UTF16_LITTLE_ENDIAN);
  }
  if (startsWith(bytes, 0xfe, 0xff)) {
    return text(bytes, 'utf-16be', UTF16_BIG_ENDIAN);
  }
  if (bytes.subarray(0, BINARY_WINDOW).includes(0)) {
    return { content: bytes.toString('base64'), encoding: -1, isBinary: true };
  }
  return isUtf8(bytes)
    ? text(bytes, 'utf-8', UTF8)
    : text(bytes, 'windows-1252', WINDOWS_1252);
}

function startsWith(bytes: Buffer, ...mark: number[]): boolean {
  return mark.every((byte, index) => bytes[index] === byte);
}

/** The decoder drops a byte order mark, as .NET's readers do. */
function text(bytes: Buffer, encoding: string, codePage: number): FileText {
  return {
    content: new TextDecoder(encoding).decode(bytes),
    encoding: codePage,
    isBinary: false,
  };
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The type by a name's extension, for the few that the simulator's files have. */
export function contentTypeOf(name: string): string {
  const extension = extensionOf(name);
  const known: Readonly<Record<string, string>> = {
    json: 'application/json',
    md: 'text/plain',
    png: 'image/png',
    txt: 'text/plain',
    yaml: 'text/plain',
    yml: 'text/plain',
  };
  return known[extension] ?? 'application/octet-stream';
}

export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1).toLowerCase();
}
