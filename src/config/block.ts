import { type Config, ConfigReader } from '@backstage/config';
import type { JsonObject, JsonValue } from '@backstage/types';
import { isObject } from '../json';
import { nearest } from '../nearest';
import { unexpectedValue } from './mistakes';

/** A text found in a configuration, and the key under which it stands. */
export interface FoundText {
  readonly key: string;
  readonly text: string;
}

/**
 * One object of the configuration, read key by key. Whatever is wrong is noted
 * rather than thrown, so that all of it can be reported together; what is
 * returned then is only good for finding further mistakes.
 *
 * It works on plain values because Backstage's reader throws at the first
 * mistake, and at keys that it does not like even where others are asked for.
 */
export class Block {
  readonly #key: string;
  readonly #values: JsonObject;
  readonly #mistakes: string[];

  constructor(key: string, values: JsonObject, mistakes: string[]) {
    this.#key = key;
    this.#values = values;
    this.#mistakes = mistakes;
  }

  /** The full key of one of the values. */
  key(name: string): string {
    return `${this.#key}.${name}`;
  }

  /** Notes that a value is not what it should be; `expected` is to be read after "to be". */
  reportMistake(
    key: string,
    expected: string,
    found: unknown,
    hint?: string,
  ): void {
    this.#mistakes.push(unexpectedValue(key, expected, found, hint));
  }

  /** Notes a mistake that no single value explains. */
  note(mistake: string): void {
    this.#mistakes.push(mistake);
  }

  /** The value as it stands; `null` means unset, as everywhere in Backstage's configuration. */
  raw(name: string): JsonValue | undefined {
    return Object.hasOwn(this.#values, name)
      ? (this.#values[name] ?? undefined)
      : undefined;
  }

  text(name: string, expected: string): string | undefined {
    const value = this.raw(name);
    return value === undefined
      ? undefined
      : this.#readText(this.key(name), value, expected);
  }

  /** One text or a list of them; `undefined` when unset, empty only when all that stands there is wrong. */
  texts(name: string, expected: string): FoundText[] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) {
      const text = this.#readText(
        this.key(name),
        value,
        `${expected} or a list of them`,
      );
      return text === undefined ? [] : [{ key: this.key(name), text }];
    }
    if (value.length === 0) {
      this.reportMistake(
        this.key(name),
        `${expected} or a list of them`,
        value,
      );
    }
    return value.flatMap((entry, i) => {
      const key = `${this.key(name)}[${i}]`;
      const text = this.#readText(key, entry, expected);
      return text === undefined ? [] : [{ key, text }];
    });
  }

  /** A number, also as a string, which is what environment variables give. */
  number(
    name: string,
    options: {
      readonly from: number;
      readonly to?: number;
      readonly integer?: boolean;
      readonly fallback: number;
    },
  ): number {
    const { from, to, integer, fallback } = options;
    const value = this.raw(name);
    if (value === undefined) return fallback;
    const number = this.#convert(value, config => config.getNumber('value'));
    if (
      number === undefined ||
      !Number.isFinite(number) ||
      (integer && !Number.isInteger(number)) ||
      number < from ||
      (to !== undefined && number > to)
    ) {
      const range =
        to === undefined ? `of at least ${from}` : `from ${from} to ${to}`;
      const expected = `${integer ? 'a whole number' : 'a number'} ${range}`;
      this.reportMistake(this.key(name), expected, value);
      return fallback;
    }
    return number;
  }

  /** `true` or `false`, and whatever else Backstage takes for one of them. */
  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw(name);
    if (value === undefined) return fallback;
    const read = this.#convert(value, config => config.getBoolean('value'));
    if (read === undefined) {
      this.reportMistake(this.key(name), '`true` or `false`', value);
    }
    return read ?? fallback;
  }

  /** The block under a key; an empty one when unset or wrong. */
  block(name: string): Block {
    const value = this.raw(name);
    if (value !== undefined && !isObject(value)) {
      this.reportMistake(this.key(name), 'an object', value);
    }
    return new Block(
      this.key(name),
      isObject(value) ? value : {},
      this.#mistakes,
    );
  }

  /**
   * Notes every key that is not one of `known`, with the most likely of them.
   *
   * @param elsewhere - keys that people look for here, and what to do instead
   */
  reportUnknownKeys(
    known: readonly string[],
    elsewhere: ReadonlyMap<string, string> = new Map(),
  ): void {
    for (const name of Object.keys(this.#values)) {
      if (known.includes(name) || this.raw(name) === undefined) continue;
      const likely = nearest(name, known);
      const hint =
        elsewhere.get(name) ??
        (likely
          ? `did you mean \`${likely}\`?`
          : `expected one of ${known.map(key => `\`${key}\``).join(', ')}`);
      // The value is not shown: it is not known what it is, and it may be a secret.
      this.note(`Unknown key \`${this.key(name)}\`; ${hint}`);
    }
  }

  #readText(
    key: string,
    value: JsonValue | undefined,
    expected: string,
  ): string | undefined {
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
    const hint =
      typeof value === 'number' || typeof value === 'boolean'
        ? 'put it in quotes to make it a string'
        : undefined;
    this.reportMistake(key, expected, value, hint);
    return undefined;
  }

  #convert<T>(
    value: JsonValue,
    read: (config: ConfigReader) => T,
  ): T | undefined {
    // Backstage's reader takes an empty string for the number 0.
    if (typeof value === 'string' && value.trim() === '') return undefined;
    try {
      return read(new ConfigReader({ value }));
    } catch {
      return undefined;
    }
  }
}

/** A value of the configuration; none where something above its key is no object, which others report. */
export function valueAt(config: Config, key: string): JsonValue | undefined {
  try {
    return config.getOptional(key);
  } catch {
    return undefined;
  }
}
