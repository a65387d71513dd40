import type { Config } from '@backstage/config';
import type { JsonValue } from '@backstage/types';
import { isObject } from '../json';
import { editDistance } from '../nearest';
import { Block, valueAt } from './block';

const PROVIDERS = 'catalog.providers';
const NAME = 'azureDevOps';

/** The right place for the blocks of providers. */
export const PROVIDERS_KEY = `${PROVIDERS}.${NAME}`;

/** A slip of the fingers; what is further off may be the key of another module. */
const SLIP = 2;

/** Blocks of providers that stand under a key which nobody reads. */
interface MisplacedBlocks {
  /** Id by id. */
  readonly ids: readonly string[];
  readonly mistake: string;
}

/**
 * Finds what was meant to be `catalog.providers.azureDevOps`, and stands beside
 * it: under the name in another spelling, under `catalog.provider` or
 * `providers`, or one level too high. Without this the module would have no
 * provider, and the catalog would remove the entities of the one that it had.
 */
export function findMisplacedBlocks(config: Config): MisplacedBlocks[] {
  const catalog = objectAt(config, 'catalog');
  const beside = Object.entries(catalog)
    .filter(([key]) => isSlipOf(key, 'providers'))
    .map(([key, value]) => ({ path: `catalog.${key}`, value }));
  return [
    ...beside,
    { path: 'providers', value: objectAt(config, 'providers') },
  ]
    .flatMap(({ path, value }) =>
      Object.entries(isObject(value) ? value : {})
        .filter(([key]) => isSlipOf(key, NAME))
        .map(([key, blocks]) => ({ key: `${path}.${key}`, blocks })),
    )
    .filter(({ key }) => key !== PROVIDERS_KEY)
    .concat(blocksTooHigh(catalog))
    .flatMap(({ key, blocks }) =>
      isObject(blocks) && Object.keys(blocks).length > 0
        ? [misplaced(key, blocks)]
        : [],
    );
}

/** A sentence for each key under `catalog.azureDevOps` that nobody reads; blocks of providers are told of elsewhere. */
export function describeUnreadKeys(config: Config): string[] {
  const mistakes: string[] = [];
  const key = `catalog.${NAME}`;
  const others = Object.entries(objectAt(config, key)).filter(
    ([, value]) => !namesOrganization(value),
  );
  const block = new Block(key, Object.fromEntries(others), mistakes);
  block.reportUnknownKeys(['urlReader', 'events']);
  block.block('events').reportUnknownKeys(['ingress']);
  return mistakes;
}

/** What to log where nothing stands under this module's key: what stands beside it. */
export function describeNoProvider(config: Config): string {
  const others = Object.keys(objectAt(config, PROVIDERS))
    .filter(key => key !== NAME)
    .map(key => `\`${key}\``);
  return (
    `Nothing stands under \`${PROVIDERS_KEY}\`, so that nothing is ingested from Azure DevOps; ` +
    `besides, \`${PROVIDERS}\` has ${others.length > 0 ? others.join(', ') : 'nothing'}`
  );
}

/** `catalog.azureDevOps` has keys of its own; a block of a provider is told by its organization. */
function blocksTooHigh(
  catalog: Record<string, JsonValue | undefined>,
): Array<{ key: string; blocks: JsonValue | undefined }> {
  const beside = catalog[NAME];
  const blocks = Object.entries(isObject(beside) ? beside : {}).filter(
    ([, block]) => namesOrganization(block),
  );
  return [{ key: `catalog.${NAME}`, blocks: Object.fromEntries(blocks) }];
}

function misplaced(
  key: string,
  blocks: Record<string, JsonValue | undefined>,
): MisplacedBlocks {
  const ids = Object.keys(blocks).filter(id => isObject(blocks[id]));
  return {
    ids: namesOrganization(blocks) ? [] : ids,
    mistake: `Unknown key \`${key}\`; did you mean \`${PROVIDERS_KEY}\`?`,
  };
}

function namesOrganization(block: JsonValue | undefined): boolean {
  return (
    isObject(block) && ('organization' in block || 'organizations' in block)
  );
}

/** Whether the words are the same but for case, separators and two letters. */
function isSlipOf(found: string, word: string): boolean {
  return (
    editDistance(
      found.replace(/[^a-z0-9]/gi, '').toLowerCase(),
      word.toLowerCase(),
    ) <= SLIP
  );
}

function objectAt(
  config: Config,
  key: string,
): Record<string, JsonValue | undefined> {
  const value = valueAt(config, key);
  return isObject(value) ? value : {};
}
