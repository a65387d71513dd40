import type { JsonValue } from '@backstage/types';

/** Why a value has no JSON that can be stored. */
export type JsonProblem = 'circular' | 'too-large' | 'too-deep';

export type JsonResult =
  | { readonly outcome: 'json'; readonly value: JsonValue }
  | { readonly outcome: 'problem'; readonly problem: JsonProblem };

/** Nesting beyond which a value is rejected: everything that walks entities does so recursively. */
const MAX_DEPTH = 500;

/** What a node counts beside its text, in characters: it takes time even where it has none. */
const NODE_LENGTH = 16;

/**
 * Copies values as `JSON.parse(JSON.stringify(value))` would, which is what the
 * catalog does with every entity: what is not finite becomes `null`, a Map or Set
 * becomes `{}`. Aliases are spelled out, so that a few bytes of YAML can make a
 * value of any size: one instance allows so much for all values together.
 */
export class JsonCopier {
  readonly #length: number;
  #left: number;

  /** @param length - characters that all copies together may have, each node counting for some */
  constructor(length: number) {
    this.#length = length;
    this.#left = length;
  }

  /** How much of the length is spent. */
  get spent(): number {
    return this.#length - Math.max(0, this.#left);
  }

  copy(value: unknown): JsonResult {
    try {
      return {
        outcome: 'json',
        value: this.#copy(value, new Set()) ?? null,
      };
    } catch (error) {
      if (error instanceof Rejected) {
        return { outcome: 'problem', problem: error.problem };
      }
      throw error;
    }
  }

  /** `undefined` for what JSON leaves out. */
  #copy(value: unknown, ancestors: Set<object>): JsonValue | undefined {
    this.#charge(NODE_LENGTH);
    switch (typeof value) {
      case 'string':
        this.#charge(value.length);
        return value;
      case 'number':
        return Number.isFinite(value) ? value + 0 : null;
      case 'boolean':
        return value;
      case 'object':
        return value === null ? null : this.#copyObject(value, ancestors);
      default:
        return undefined;
    }
  }

  #copyObject(value: object, ancestors: Set<object>): JsonValue {
    if (ancestors.has(value)) throw new Rejected('circular');
    if (ancestors.size === MAX_DEPTH) throw new Rejected('too-deep');
    ancestors.add(value);
    const copy = Array.isArray(value)
      ? value.map((item: unknown) => this.#copy(item, ancestors) ?? null)
      : this.#copyMembers(value, ancestors);
    ancestors.delete(value);
    return copy;
  }

  #copyMembers(value: object, ancestors: Set<object>): JsonValue {
    const copy: { [key: string]: JsonValue } = {};
    for (const [key, member] of Object.entries(value)) {
      this.#charge(key.length);
      const copied = this.#copy(member, ancestors);
      if (copied === undefined) continue;
      if (key === '__proto__') {
        // An assignment would set the prototype instead.
        Object.defineProperty(copy, key, {
          value: copied,
          configurable: true,
          enumerable: true,
          writable: true,
        });
      } else {
        copy[key] = copied;
      }
    }
    return copy;
  }

  #charge(length: number): void {
    this.#left -= length;
    if (this.#left < 0) throw new Rejected('too-large');
  }
}

class Rejected extends Error {
  constructor(readonly problem: JsonProblem) {
    super(problem);
  }
}
