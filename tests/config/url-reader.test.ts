import { ConfigReader } from '@backstage/config';
import { readUrlReaderSettings } from '../../src/config/url-reader';

function read(urlReader?: object) {
  return readUrlReaderSettings(
    new ConfigReader({ catalog: { azureDevOps: { urlReader } } } as object),
  );
}

describe('catalog.azureDevOps.urlReader', () => {
  it('has defaults when it is not there', () => {
    const defaults = {
      enabled: true,
      freshnessMs: 90 * 60_000,
      locationFreshnessMs: 0,
      cacheBytes: 64 * 1024 * 1024,
    };
    expect(readUrlReaderSettings(new ConfigReader({}))).toEqual(defaults);
    expect(read({})).toEqual(defaults);
  });

  it('accepts durations in every form that Backstage accepts', () => {
    expect(
      read({
        enabled: false,
        freshness: { minutes: 5 },
        locationFreshness: 'PT10M',
        cacheMegabytes: 8,
      }),
    ).toEqual({
      enabled: false,
      freshnessMs: 300_000,
      locationFreshnessMs: 600_000,
      cacheBytes: 8 * 1024 * 1024,
    });
  });

  it.each([
    [
      { freshnes: 'PT5M' },
      'Unknown key `catalog.azureDevOps.urlReader.freshnes`; did you mean `freshness`?',
    ],
    [{ enabled: 'perhaps' }, 'catalog.azureDevOps.urlReader.enabled'],
    [
      { freshness: 'soon' },
      '`catalog.azureDevOps.urlReader.freshness` to be a duration',
    ],
    [
      { locationFreshness: { ours: 5 } },
      '`catalog.azureDevOps.urlReader.locationFreshness` to be a duration',
    ],
    [{ freshness: 'PT-5M' }, 'catalog.azureDevOps.urlReader.freshness'],
    [{ cacheMegabytes: 0 }, 'catalog.azureDevOps.urlReader.cacheMegabytes'],
    [{ cacheMegabytes: 99999 }, 'from 1 to 4096, got `99999` (number)'],
  ])('is a mistake that names its key when it is %j', (block, message) => {
    expect(() => read(block)).toThrow(message);
  });
});
