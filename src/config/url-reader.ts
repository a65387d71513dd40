import { type Config, readDurationFromConfig } from '@backstage/config';
import { InputError } from '@backstage/errors';
import { durationToMilliseconds } from '@backstage/types';

/** How the URL reader works. Source: `catalog.azureDevOps.urlReader`. */
export interface UrlReaderSettings {
  /** Whether Azure DevOps URLs are read by this module rather than by Backstage's own reader. Default: true. */
  readonly enabled: boolean;
  /**
   * How long what was read is believed without asking again when the caller
   * gives no etag, in milliseconds. Applies where Backstage reads again and
   * again on its own: to the catalog's placeholders. Default: 90 minutes.
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

const KEY = 'catalog.azureDevOps.urlReader';
const MINUTE = 60_000;
const MEBIBYTE = 1024 * 1024;

/**
 * Reads `catalog.azureDevOps.urlReader`.
 *
 * @throws an `InputError` that names the key when a value is not what it should be
 */
export function readUrlReaderSettings(config: Config): UrlReaderSettings {
  const block = config.getOptionalConfig(KEY);
  const megabytes = block?.getOptionalNumber('cacheMegabytes') ?? 64;
  if (!(megabytes >= 1 && megabytes <= 4096)) {
    throw new InputError(
      `Expected ${KEY}.cacheMegabytes to be a number from 1 to 4096, got ${megabytes}. Leave it out for 64.`,
    );
  }
  return {
    enabled: block?.getOptionalBoolean('enabled') ?? true,
    freshnessMs: duration(config, 'freshness', 90 * MINUTE),
    locationFreshnessMs: duration(config, 'locationFreshness', 0),
    cacheBytes: megabytes * MEBIBYTE,
  };
}

function duration(config: Config, name: string, otherwise: number): number {
  const key = `${KEY}.${name}`;
  return config.has(key)
    ? durationToMilliseconds(readDurationFromConfig(config, { key }))
    : otherwise;
}
