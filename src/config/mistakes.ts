/** One thing that is wrong with a configuration. */
export interface ConfigurationMistake {
  /** The full key, as `catalog.providers.azureDevOps.main.removals.maxPercentage`. */
  readonly key: string;
  /** A sentence that names the key, what was expected there and what was found. */
  readonly message: string;
}

/** Everything that is wrong with the block of one provider. */
export class ConfigurationError extends Error {
  readonly mistakes: readonly ConfigurationMistake[];

  constructor(id: string, mistakes: readonly ConfigurationMistake[]) {
    const count =
      mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
    super(
      [
        `The configuration of the Azure DevOps provider \`${id}\` has ${count}; ` +
          `until corrected, the provider does nothing and its entities stay as they are:`,
        ...mistakes.map(mistake => `  - ${mistake.message}`),
      ].join('\n'),
    );
    this.name = 'ConfigurationError';
    this.mistakes = mistakes;
  }
}

/** The mistake of a value that is not what a key takes. `expected` is to be read after "to be". */
export function unexpectedValue(
  key: string,
  expected: string,
  found: unknown,
  hint?: string,
): ConfigurationMistake {
  const got = found === undefined ? 'nothing' : describeValue(found);
  return {
    key,
    message:
      `Expected \`${key}\` to be ${expected}, got ${got}` +
      (hint ? `; ${hint}` : ''),
  };
}

const LONGEST_SHOWN = 100;
const MOST_KEYS_SHOWN = 4;

/**
 * A value and its type, as a message may show them. What may be a secret is not
 * shown: user information in a URL, and unbroken runs of characters as long as
 * tokens are.
 */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return describeString(value);
    case 'number':
    case 'boolean':
      return `\`${value}\` (${typeof value})`;
    default:
      break;
  }
  if (value == null) return 'null';
  if (Array.isArray(value)) {
    if (value.length === 0) return 'an empty list';
    return value.length === 1 ? 'a list of 1' : `a list of ${value.length}`;
  }
  return describeObject(value);
}

function describeObject(value: object): string {
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an empty object';
  const shown = keys.slice(0, MOST_KEYS_SHOWN).map(key => `\`${key}\``);
  const more = keys.length > shown.length ? ', …' : '';
  return `an object with ${shown.join(', ')}${more}`;
}

function describeString(value: string): string {
  if (value.length > LONGEST_SHOWN || /[\w~.+=-]{32,}/.test(value)) {
    return `a string of ${value.length} characters`;
  }
  const shown = value.replace(/^([^@]*:\/\/)?.*@/s, '$1***@');
  return `\`${JSON.stringify(shown)}\` (string)`;
}
