/** Everything that is wrong with the block of one provider. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(
    readonly id: string,
    /** Each is a sentence that names the full key, what was expected there and what was found. */
    readonly mistakes: readonly string[],
  ) {
    super(
      `The configuration of the Azure DevOps provider \`${id}\` has ${count(mistakes)}:\n${listed(mistakes)}`,
    );
  }
}

/**
 * Everything that is wrong with all blocks, with what follows from it.
 *
 * @param moduleId - of the catalog's module that does not start
 */
export function describeAllMistakes(
  errors: readonly ConfigurationError[],
  moduleId: string,
): string {
  const ids = errors.map(({ id }) => `\`${id}\``);
  // What concerns several blocks is said once.
  const mistakes = [...new Set(errors.flatMap(error => error.mistakes))];
  const [providers, their] =
    ids.length === 1
      ? [`the provider ${ids.join('')}`, 'its']
      : [
          `the providers ${ids.slice(0, -1).join(', ')} and ${ids.at(-1)}`,
          'their',
        ];
  return (
    `The configuration of ${providers} of Azure DevOps has ${count(mistakes)}, and the backend does not start until ${mistakes.length === 1 ? 'it is' : 'they are'} corrected. No entity is removed for it:\n` +
    `${listed(mistakes)}\n` +
    `To start meanwhile without ${providers}, ${their} entities staying as they are, set ` +
    `\`backend.startup.plugins.catalog.modules.${moduleId}.onPluginModuleBootFailure: continue\``
  );
}

function count(mistakes: readonly string[]): string {
  return mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
}

function listed(mistakes: readonly string[]): string {
  return mistakes.map(mistake => `  - ${mistake}`).join('\n');
}

/** The mistake of a value that is not what a key takes. `expected` is to be read after "to be". */
export function unexpectedValue(
  key: string,
  expected: string,
  found: unknown,
  hint?: string,
): string {
  const got = found === undefined ? 'nothing' : describeValue(found);
  return (
    `Expected \`${key}\` to be ${expected}, got ${got}` +
    (hint ? `; ${hint}` : '')
  );
}

const LONGEST_SHOWN = 100;
const MOST_KEYS_SHOWN = 4;

/**
 * A value and its type, as a message may show them. What may be a secret is not
 * shown: user information in a URL, and unbroken runs of characters as long as
 * tokens are.
 */
function describeValue(value: unknown): string {
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

/** Whether a text may be a secret, or is too long to be shown. */
export function isUnshowable(value: string): boolean {
  return value.length > LONGEST_SHOWN || /[\w~.+=-]{32,}/.test(value);
}

function describeString(value: string): string {
  if (isUnshowable(value)) {
    return `a string of ${value.length} characters`;
  }
  const shown = value.replace(/^([^@]*:\/\/)?.*@/s, '$1***@');
  return `\`${JSON.stringify(shown)}\` (string)`;
}
