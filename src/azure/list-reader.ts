import { fieldsOf } from './fields';
import { withoutByteOrderMark } from './saying';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OBJECT = 0x7b;
const END_OF_OBJECT = 0x7d;
const LIST = 0x5b;
const END_OF_LIST = 0x5d;

/**
 * Parses `{"count":…,"value":[…]}` as it comes, element by element, and keeps of
 * each only what is wanted: the list of a large organization is some 100 MB of
 * JSON, of which a tenth matters.
 *
 * Whatever is not such a list is parsed as it is, and is for the caller to turn
 * down.
 */
export class ListReader {
  readonly #keep: (element: unknown) => unknown;
  /** The elements of each list that is a member of the outermost object. */
  readonly #lists: unknown[][] = [];
  /** The text outside of these lists. */
  readonly #frame: Buffer[] = [];
  /** The text of the element that is under way. */
  #element: Buffer[] = [];
  #outermost: number | undefined;
  /** How deep the frame is, or within a list the element. */
  #frameDepth = 0;
  #elementDepth = 0;
  #inList = false;
  #inElement = false;
  #inString = false;
  #escaped = false;

  /** @param keep - what to keep of an element */
  constructor(keep: (element: unknown) => unknown) {
    this.#keep = keep;
  }

  /** @throws SyntaxError when an element is not valid JSON */
  push(chunk: Buffer): void {
    // Where that begins in the chunk which is not yet put away.
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (this.#inString) {
        this.#inString = this.#escaped || byte !== QUOTE;
        this.#escaped = !this.#escaped && byte === BACKSLASH;
      } else if (this.#inList) {
        start = this.#readList(chunk, start, i, byte);
      } else {
        start = this.#readFrame(chunk, start, i, byte);
      }
    }
    if (!this.#inList) {
      this.#frame.push(chunk.subarray(start));
    } else if (this.#inElement) {
      this.#element.push(chunk.subarray(start));
    }
  }

  /**
   * What was read, with what was kept of the elements.
   *
   * @throws SyntaxError when it is not valid JSON
   */
  end(): unknown {
    const frame: unknown = JSON.parse(
      withoutByteOrderMark(textOf(this.#frame)),
    );
    const members = Object.entries(fieldsOf(frame));
    const lists = this.#lists.values();
    return this.#lists.length === 0
      ? frame
      : Object.fromEntries(
          members.map(([key, value]) => [
            key,
            Array.isArray(value) ? lists.next().value : value,
          ]),
        );
  }

  #readFrame(chunk: Buffer, start: number, i: number, byte: number): number {
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        break;
      case LIST:
        if (this.#outermost === OBJECT && this.#frameDepth === 1) {
          this.#lists.push([]);
          this.#inList = true;
          this.#frame.push(chunk.subarray(start, i + 1));
          return i + 1;
        }
        this.#open(byte);
        break;
      case OBJECT:
        this.#open(byte);
        break;
      case END_OF_OBJECT:
      case END_OF_LIST:
        this.#frameDepth -= 1;
        break;
    }
    return start;
  }

  #open(byte: number): void {
    this.#outermost ??= byte;
    this.#frameDepth += 1;
  }

  #readList(chunk: Buffer, before: number, i: number, byte: number): number {
    let start = before;
    if (!this.#inElement && byte !== COMMA && byte !== END_OF_LIST) {
      if (byte <= 0x20) {
        return start;
      }
      this.#inElement = true;
      start = i;
    }
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        return start;
      case LIST:
      case OBJECT:
        this.#elementDepth += 1;
        return start;
      case END_OF_OBJECT:
        this.#elementDepth -= 1;
        return start;
      case END_OF_LIST:
        if (this.#elementDepth > 0) {
          this.#elementDepth -= 1;
          return start;
        }
        this.#endElement(chunk.subarray(start, i));
        this.#inList = false;
        return i;
      case COMMA:
        if (this.#elementDepth === 0) {
          this.#endElement(chunk.subarray(start, i));
        }
        return start;
      default:
        return start;
    }
  }

  #endElement(end: Buffer): void {
    if (this.#inElement) {
      this.#inElement = false;
      const text = textOf([...this.#element, end]);
      this.#element = [];
      this.#lists.at(-1)?.push(this.#keep(JSON.parse(text)));
    }
  }
}

function textOf(pieces: readonly Buffer[]): string {
  const [first] = pieces;
  return pieces.length === 1 && first
    ? first.toString('utf8')
    : Buffer.concat(pieces).toString('utf8');
}
