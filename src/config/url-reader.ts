import type { Config } from '@backstage/config';
import { InputError } from '@backstage/errors';
import { isObject } from '../json';
import { Block, valueAt } from './block';
import { readDuration } from './schedule';

/** How the URL reader works. Source: `catalog.azureDevOps.urlReader`. */
export interface UrlReaderSettings {
  /** Whether Azure DevOps URLs are read by this module rather than by Backstage's own reader. Default: true. */
  readonly enabled: boolean;
  /**
   * How long what was read is fresh, so that the service is not asked again, when
   * the caller gives no etag; in milliseconds. Applies where Backstage reads again
   * and again on its own: to the catalog's placeholders. Default: 90 minutes.
   */
  readonly freshnessMs: number;
  /**
   * The same for callers that give an etag: the locations that the catalog
   * processes. Default: 0, so that each read asks whether the file has changed.
   */
  readonly locationFreshnessMs: number;
  /** How much content is kept in memory, in bytes. Default: 64 MiB. */
  readonly cacheBytes: number;
}

const MINUTE = 60_000;
const MEBIBYTE = 1024 * 1024;

/**
 * Reads `catalog.azureDevOps.urlReader`.
 *
 * @throws an `InputError` with everything that is wrong, by its key
 */
export function readUrlReaderSettings(config: Config): UrlReaderSettings {
  const mistakes: string[] = [];
  const key = 'catalog.azureDevOps';
  const found = valueAt(config, key);
  const block = new Block(key, isObject(found) ? found : {}, mistakes).block(
    'urlReader',
  );
  block.reportUnknownKeys([
    'enabled',
    'freshness',
    'locationFreshness',
    'cacheMegabytes',
  ]);
  const duration = (name: string, fallback: number) =>
    readDuration(block, name, fallback, { mayBeZero: true });
  const settings = {
    enabled: block.boolean('enabled', true),
    freshnessMs: duration('freshness', 90 * MINUTE),
    locationFreshnessMs: duration('locationFreshness', 0),
    cacheBytes:
      MEBIBYTE *
      block.number('cacheMegabytes', { from: 1, to: 4096, fallback: 64 }),
  };
  if (mistakes.length > 0) throw new InputError(mistakes.join('. '));
  return settings;
}
