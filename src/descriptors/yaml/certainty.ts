import {
  COLLECTION_STYLE,
  EVENT_ID,
  SCALAR_STYLE,
  type Event,
  type MappingEvent,
  type ScalarEvent,
  type SequenceEvent,
} from 'js-yaml';

/** In an event, a position that is not there. */
const NONE = -1;

/** An implicit key may be 1,024 characters long for the catalog, of any length for js-yaml. */
const LONGEST_KEY = 1_000;

/** Line breaks, white space and characters that the two parsers see differently. */
const UNCOMMON_CHARACTERS =
  /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)/;

/** A marker that is indented or has something else than a comment behind it, a directive, an end marker. */
const UNCOMMON_LINES = /^(?: +---|---(?! *(?:#|\r?$))|%|\.\.\.)/m;

/** Plain scalars that the core schema makes a number of, or would if it fitted. */
const NUMBER =
  /^(?:0o[0-7]+|0x[0-9a-fA-F]+|[-+]?[0-9]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** Plain scalars that the core schema makes something else than a string or a number of. */
const NULL_OR_BOOLEAN =
  /^(?:~|null|Null|NULL|true|True|TRUE|false|False|FALSE)$/;

const REST_OF_LINE = / *(?: #[^\n]*)?(?:\r?\n|$)/y;

interface Frame {
  readonly type: 'document' | 'sequence' | 'mapping';
  readonly flow: boolean;
  /** In a mapping, whether the next node is a key. */
  key: boolean;
}

/**
 * Whether a document that js-yaml took is of the common shapes of which the
 * catalog's own parser makes the same: block mappings and sequences, keys that
 * are strings on one line, scalars without tags and anchors, flow collections on
 * one line. Everything else is not wrong, only for the catalog's parser to
 * decide.
 *
 * That the two agree here is not derived from the YAML specification, which both
 * stretch, but tested on the differences found by comparing them at length.
 */
export function isCommonShape(
  source: string,
  events: readonly Event[],
  options: { merge: boolean },
): boolean {
  if (UNCOMMON_CHARACTERS.test(source) || UNCOMMON_LINES.test(source)) {
    return false;
  }
  return new ShapeCheck(source, options.merge).check(events);
}

class ShapeCheck {
  readonly #source: string;
  readonly #merge: boolean;
  readonly #frames: Frame[] = [];
  /** Where the last scalar ended. */
  #scalarEnd = 0;
  /** Where the last node ended, while within a flow collection. */
  #flowPosition = 0;

  constructor(source: string, merge: boolean) {
    this.#source = source;
    this.#merge = merge;
  }

  check(events: readonly Event[]): boolean {
    let documents = 0;
    for (const event of events) {
      switch (event.type) {
        case EVENT_ID.DOCUMENT:
          if (++documents > 1 || event.directives.length > 0) return false;
          this.#frames.push({ type: 'document', flow: false, key: false });
          break;
        case EVENT_ID.SCALAR:
          if (!this.#scalar(event)) return false;
          break;
        case EVENT_ID.SEQUENCE:
        case EVENT_ID.MAPPING:
          if (!this.#open(event)) return false;
          break;
        case EVENT_ID.POP:
          if (!this.#close()) return false;
          break;
        case EVENT_ID.ALIAS:
          return false;
      }
    }
    return true;
  }

  /** What the next node is to its parent; a mapping's keys and values alternate. */
  #nextRole(): { key: boolean; flow: boolean } {
    const parent = this.#frames.at(-1);
    if (!parent) return { key: false, flow: false };
    const key = parent.key;
    if (parent.type === 'mapping') parent.key = !key;
    return { key, flow: parent.flow };
  }

  #open(event: SequenceEvent | MappingEvent): boolean {
    const role = this.#nextRole();
    if (role.key || event.anchorStart !== NONE || event.tagStart !== NONE) {
      return false;
    }
    const mapping = event.type === EVENT_ID.MAPPING;
    const flow = event.style === COLLECTION_STYLE.FLOW;
    if (flow) {
      // A mapping that begins otherwise is a pair within a sequence: [a: b].
      if (this.#source[event.start] !== (mapping ? '{' : '[')) return false;
      if (role.flow && !this.#isFlowGap(event.start)) return false;
      this.#flowPosition = event.start + 1;
    }
    this.#frames.push({
      type: mapping ? 'mapping' : 'sequence',
      flow,
      key: mapping,
    });
    return true;
  }

  #close(): boolean {
    const frame = this.#frames.pop();
    if (!frame?.flow) return true;
    let end = this.#flowPosition;
    while (this.#source[end] === ' ' || this.#source[end] === ',') end++;
    if (this.#source[end] !== (frame.type === 'mapping' ? '}' : ']')) {
      return false;
    }
    this.#flowPosition = end + 1;
    return this.#frames.at(-1)?.flow === true || this.#endsLine(end + 1);
  }

  #scalar(event: ScalarEvent): boolean {
    const role = this.#nextRole();
    if (event.anchorStart !== NONE || event.tagStart !== NONE) return false;
    if (event.valueStart === NONE) return !role.key && !role.flow;
    const quoted =
      event.style === SCALAR_STYLE.SINGLE_QUOTED ||
      event.style === SCALAR_STYLE.DOUBLE_QUOTED;
    if (quoted) {
      if (!this.#isCommonQuoted(event)) return false;
    } else if (event.style === SCALAR_STYLE.PLAIN) {
      if (!this.#isCommonPlain(event, role)) return false;
    } else if (!this.#isCommonBlock(event)) {
      return false;
    }
    const block = !quoted && event.style !== SCALAR_STYLE.PLAIN;
    const start = event.valueStart - (quoted ? 1 : 0);
    const end = event.valueEnd + (quoted ? 1 : 0);
    if (role.flow) {
      if (!this.#isFlowGap(start)) return false;
      this.#flowPosition = end;
    } else if (!role.key && this.#followsComment(start)) {
      return false;
    }
    this.#scalarEnd = end;
    if (role.key) return this.#isCommonKey(start, end);
    return role.flow || block || this.#endsLine(end);
  }

  /** A line of its own in quotes, without the escapes that take a code point. */
  #isCommonQuoted(event: ScalarEvent): boolean {
    if (event.fast) return true;
    const text = this.#source.slice(event.valueStart, event.valueEnd);
    if (text.includes('\n')) return false;
    return (
      event.style === SCALAR_STYLE.SINGLE_QUOTED || !/\\[^nrt"\\]/.test(text)
    );
  }

  #isCommonPlain(
    event: ScalarEvent,
    role: { key: boolean; flow: boolean },
  ): boolean {
    const text = this.#source.slice(event.valueStart, event.valueEnd);
    if (text.includes('\n')) return !role.key && !role.flow;
    if (role.key) {
      return (
        !NUMBER.test(text) &&
        !NULL_OR_BOOLEAN.test(text) &&
        !(this.#merge && text === '<<')
      );
    }
    // Beyond the range of a number one parser sees infinity, the other a string.
    return !NUMBER.test(text) || Number.isFinite(Number(text));
  }

  /** A block scalar without indentation indicator that does not keep its trailing lines. */
  #isCommonBlock(event: ScalarEvent): boolean {
    const headerEnd = event.valueStart - 1;
    const headerStart = this.#source.lastIndexOf('\n', headerEnd - 1) + 1;
    const header = this.#source.slice(headerStart, headerEnd);
    return /[|>]-? *\r?$/.test(header);
  }

  /** The key's colon stands on its line, within the length that both parsers allow. */
  #isCommonKey(start: number, end: number): boolean {
    if (end - start > LONGEST_KEY) return false;
    let colon = end;
    while (this.#source[colon] === ' ') colon++;
    return (
      this.#source[colon] === ':' &&
      /^[ \r\n]?$/.test(this.#source.charAt(colon + 1))
    );
  }

  /** Whether a scalar begins on a line of its own with a comment before it. */
  #followsComment(start: number): boolean {
    const gap = this.#source.slice(this.#scalarEnd, start);
    return /\n *$/.test(gap) && gap.includes('#');
  }

  /** Whether nothing but a comment follows on the line. */
  #endsLine(end: number): boolean {
    REST_OF_LINE.lastIndex = end;
    return REST_OF_LINE.test(this.#source);
  }

  /** Whether only spaces and one comma or colon part this node from the one before it. */
  #isFlowGap(start: number): boolean {
    return /^ *(?:[,:] *)?$/.test(
      this.#source.slice(this.#flowPosition, start),
    );
  }
}
