import type { Config } from '@backstage/config';
import type { JsonValue } from '@backstage/types';
import { dump } from 'js-yaml';
import { isObject } from '../json';
import { Block } from './block';
import { ConfigurationError, isUnshowable, unexpectedValue } from './mistakes';
import { findMisplacedBlocks, PROVIDERS_KEY } from './misplaced';
import { readIntegrationHosts } from './organizations';
import { providerNameOf, PROVIDER_KEYS, readSettings } from './provider';
import type { ProviderReading } from './settings';
import { messageOf } from '../thrown';

const AN_ID_MAP = 'an object with an id of your choice for each provider';
const A_BLOCK = 'an object with the keys of a provider';

type Blocks = Readonly<Record<string, JsonValue | undefined>>;

/** The id that a mistake is reported under when it leaves no id to be read. */
const ID_OF_NONE = 'default';

/** What Backstage's own reader takes for the part of a key. */
const ID_PATTERN = /^[a-z][a-z0-9]*(?:[-_:][a-z0-9]+)*$/i;

/**
 * Reads every provider under `catalog.providers.azureDevOps`.
 *
 * @returns one entry for every id, also where its block is wrong, or stands under
 * a key that was meant to be this one: a provider that is not registered would
 * have its entities removed by the catalog. Empty when there is no such key. An
 * id whose block is `null` is unset, as everywhere in Backstage's configuration.
 */
export function readProviderConfigs(config: Config): ProviderReading[] {
  const misplaced = findMisplacedBlocks(config).flatMap(({ ids, mistake }) =>
    (ids.length > 0 ? ids : [ID_OF_NONE]).map(id => failed(id, [mistake])),
  );
  const readings = new Map<string, ProviderReading>();
  for (const reading of [...readBlocks(config), ...misplaced]) {
    const { id } = reading;
    const mistakes = [readings.get(id), reading].flatMap(
      it => it?.error?.mistakes ?? [],
    );
    readings.set(id, mistakes.length > 0 ? failed(id, mistakes) : reading);
  }
  return [...readings.values()];
}

function readBlocks(config: Config): ProviderReading[] {
  let blocks: JsonValue | undefined;
  try {
    blocks = config.getOptional(PROVIDERS_KEY);
  } catch (error) {
    // Something above the key is no object; Backstage's message says what, and no value.
    const message = messageOf(error);
    return [failed(ID_OF_NONE, [message])];
  }
  if (blocks === undefined) return [];
  if (!isObject(blocks)) {
    const mistake = unexpectedValue(PROVIDERS_KEY, AN_ID_MAP, blocks);
    return [failed(ID_OF_NONE, [mistake])];
  }
  const integrationHosts = readIntegrationHosts(config);
  const stray = keysWithoutId(blocks);
  return [
    ...(stray.length > 0 ? [failed(ID_OF_NONE, [noId(blocks, stray)])] : []),
    ...Object.entries(blocks)
      .filter(([id]) => !stray.includes(id))
      .map(([id, block]) => readProvider(id, block, integrationHosts)),
  ];
}

/** The keys that stand where ids should, if those of a provider are among them. */
function keysWithoutId(blocks: Blocks): string[] {
  const keys = Object.keys(blocks);
  const isStray = (key: string) =>
    PROVIDER_KEYS.includes(key) && blocks[key] != null && !isBlock(blocks[key]);
  return keys.some(isStray)
    ? // Beside them, whatever is no object is no block either.
      keys.filter(
        key => isStray(key) || (blocks[key] != null && !isObject(blocks[key])),
      )
    : [];
}

/** Whether a value is the block of a provider, which says where to read from. */
function isBlock(value: JsonValue | undefined): boolean {
  return (
    isObject(value) &&
    ['organization', 'organizations', 'host'].some(key => key in value)
  );
}

function noId(blocks: Blocks, keys: readonly string[]): string {
  const id = ['main', 'azure', 'azureDevOps'].find(it => !(it in blocks));
  const block = Object.fromEntries(
    keys.map(key => [
      key,
      // What is not known may be a secret.
      PROVIDER_KEYS.includes(key) ? showable(blocks[key]) : '…',
    ]),
  );
  const right = dump({
    catalog: { providers: { azureDevOps: { [id ?? 'main']: block } } },
  });
  return (
    `Expected an id of your choice under \`${PROVIDERS_KEY}\`, got the keys of a provider: ${keys.map(key => `\`${key}\``).join(', ')}; ` +
    `put these keys under an id, such as \`${id}\`:\n${indent(right.trimEnd(), 6)}`
  );
}

/** A value as a message may repeat it. */
function showable(value: JsonValue | undefined): JsonValue {
  if (typeof value === 'string') {
    return isUnshowable(value) || value.includes('@') ? '…' : value;
  }
  if (Array.isArray(value)) {
    return value.map(showable);
  }
  return isObject(value)
    ? Object.fromEntries(
        Object.entries(value).map(([key, it]) => [key, showable(it)]),
      )
    : (value ?? null);
}

function indent(text: string, by: number): string {
  return text.replace(/^/gm, ' '.repeat(by));
}

function readProvider(
  id: string,
  value: JsonValue | undefined,
  integrationHosts: ReadonlySet<string>,
): ProviderReading {
  const mistakes: string[] = [];
  const key = `${PROVIDERS_KEY}.${id}`;
  if (!ID_PATTERN.test(id)) {
    mistakes.push(
      `Expected the id in \`${key}\` to begin with a letter and to consist of letters and digits, ` +
        `in groups separated by one \`-\`, \`_\` or \`:\` each, as Backstage's configuration has it`,
    );
  }
  if (!isObject(value)) {
    mistakes.push(unexpectedValue(key, A_BLOCK, value));
    return failed(id, mistakes);
  }
  const settings = readSettings(
    id,
    new Block(key, value, mistakes),
    integrationHosts,
  );
  return mistakes.length > 0
    ? failed(id, mistakes)
    : { id, providerName: settings.providerName, settings };
}

function failed(id: string, mistakes: readonly string[]): ProviderReading {
  return {
    id,
    providerName: providerNameOf(id),
    error: new ConfigurationError(id, mistakes),
  };
}
