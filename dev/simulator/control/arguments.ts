import type { FileContent } from '../model';

/** What was asked for cannot be done as it was asked. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

/** The arguments of one operation, read with checks. */
export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #names: readonly string[];

  /** @param names - those that there may be; any other is a mistake */
  constructor(values: unknown, names: readonly string[]) {
    if (!isRecord(values)) {
      throw new ControlError('Expected a JSON object with the arguments');
    }
    const unknown = Object.keys(values).filter(name => !names.includes(name));
    if (unknown.length > 0) {
      throw new ControlError(
        `Unknown argument${unknown.length > 1 ? 's' : ''} ${unknown.join(', ')}; expected ${names.join(', ') || 'none'}`,
      );
    }
    this.#values = values;
    this.#names = names;
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) {
      throw new ControlError(`The argument '${name}' is missing`);
    }
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.#typed(
      name,
      'a text',
      (value): value is string => typeof value === 'string',
    );
  }

  optionalNumber(name: string): number | undefined {
    return this.#typed(
      name,
      'a number',
      (value): value is number => typeof value === 'number',
    );
  }

  optionalFlag(name: string): boolean | undefined {
    return this.#typed(
      name,
      'true or false',
      (value): value is boolean => typeof value === 'boolean',
    );
  }

  optionalTexts(name: string): string[] | undefined {
    return this.#typed(
      name,
      'a list of texts',
      (value): value is string[] =>
        Array.isArray(value) && value.every(each => typeof each === 'string'),
    );
  }

  /** One text of a few. */
  optionalChoice<T extends string>(
    name: string,
    choices: readonly T[],
  ): T | undefined {
    return this.#typed(
      name,
      `one of ${choices.join(', ')}`,
      (value): value is T => choices.some(choice => choice === value),
    );
  }

  optionalRecord(name: string): Record<string, unknown> | undefined {
    return this.#typed(name, 'an object', isRecord);
  }

  /** A text, a list of texts, or a regular expression as `{ "regex": "...", "flags": "i" }`. */
  optionalMatch(name: string): string | string[] | RegExp | undefined {
    const value = this.#value(name);
    if (isRecord(value)) {
      return this.optionalRegExp(name);
    }
    return Array.isArray(value)
      ? this.optionalTexts(name)
      : this.optionalText(name);
  }

  /** A regular expression: its source as a text, or `{ "regex": "...", "flags": "i" }`. */
  optionalRegExp(name: string): RegExp | undefined {
    const value = this.#value(name);
    if (value === undefined) {
      return undefined;
    }
    const { regex, flags } = isRecord(value)
      ? value
      : { regex: value, flags: '' };
    try {
      return new RegExp(
        String(regex),
        flags === undefined ? '' : String(flags),
      );
    } catch (error) {
      throw new ControlError(
        `The argument '${name}' is no regular expression: ${String(error)}`,
      );
    }
  }

  /** Paths and contents: texts, `null` to take away, or an object with `base64`, `symlink`, `executable` or `submodule`. */
  optionalFiles(name: string): Record<string, FileContent | null> | undefined {
    const values = this.optionalRecord(name);
    return (
      values &&
      Object.fromEntries(
        Object.entries(values).map(([path, value]) => [
          path,
          fileContent(path, value),
        ]),
      )
    );
  }

  #value(name: string): unknown {
    if (!this.#names.includes(name)) {
      throw new Error(`The argument '${name}' is read but not declared`);
    }
    return this.#values[name] ?? undefined;
  }

  #typed<T>(
    name: string,
    what: string,
    is: (value: unknown) => value is T,
  ): T | undefined {
    const value = this.#value(name);
    if (value === undefined || is(value)) {
      return value;
    }
    throw new ControlError(
      `Expected the argument '${name}' to be ${what}, got ${JSON.stringify(value)}`,
    );
  }
}

function fileContent(path: string, value: unknown): FileContent | null {
  if (value === null || typeof value === 'string') {
    return value;
  }
  if (isRecord(value)) {
    const { base64, symlink, executable, submodule } = value;
    if (typeof base64 === 'string') {
      return Buffer.from(base64, 'base64');
    }
    if (typeof symlink === 'string') {
      return { symlink };
    }
    if (typeof executable === 'string') {
      return { executable };
    }
    if (typeof submodule === 'string') {
      return { submodule };
    }
  }
  throw new ControlError(
    `Expected the content of '${path}' to be a text, null, or an object with base64, symlink, executable or submodule`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
