import { ConfigReader } from '@backstage/config';
import type { Repository } from '../../src/azure/types';
import { CatalogRules } from '../../src/descriptors/rules';
import { YamlParser } from '../../src/descriptors/yaml';
import { DescriptorParser } from '../../src/ingestion/descriptor-parser';
import { Organization } from '../../src/organization';
import type { PathObservation } from '../../src/policy/model';
import { until } from '../support/until';

const text = (name: string) =>
  `kind: Component\napiVersion: v1\nmetadata:\n  name: ${name}\n`;

const parsers: YamlParser[] = [];
afterAll(async () => {
  await Promise.all(parsers.map(yaml => yaml.close()));
});

function start(limits?: { deadlineMs: number }, signal?: AbortSignal) {
  const yaml = new YamlParser({ enableYamlMerge: false, limits });
  parsers.push(yaml);
  const parse = jest.spyOn(yaml, 'parse');
  const parser = new DescriptorParser({
    organization: new Organization('dev.azure.com', 'contoso'),
    rules: CatalogRules.fromConfig(new ConfigReader({})),
    yaml,
    signal,
  });
  return { parser, parse };
}

function file(name = 'r') {
  const repository: Repository = {
    id: name,
    name,
    project: { id: 'p', name: 'p', state: 'wellFormed' },
    defaultBranch: 'main',
    isDisabled: false,
    isFork: false,
  };
  return { repository, path: '/catalog-info.yaml', objectId: '0'.repeat(40) };
}

function claimsOf(observation: PathObservation) {
  return observation.outcome === 'present' ? observation.claims : [];
}

describe('a text that many files share', () => {
  it('is parsed once, also for many at once', async () => {
    const { parser, parse } = start();
    const read = async () => await parser.parse(file(), text('a'));
    const first = await read();
    expect(claimsOf(first)).toMatchObject([
      { entityRef: 'component:default/a' },
    ]);
    for (const other of await Promise.all(Array.from({ length: 100 }, read))) {
      expect(other).toEqual(first);
    }
    expect(parse).toHaveBeenCalledTimes(1);
  });

  it('may be empty', async () => {
    const { parser } = start();
    for (let round = 0; round < 2; round++) {
      expect(
        await Promise.all([parser.parse(file(), ''), parser.parse(file(), '')]),
      ).toMatchObject([{ claims: [] }, { claims: [] }]);
    }
  });

  it('is kept in bounded memory', async () => {
    const { parser, parse } = start();
    const first = await parser.parse(file(), text('a'));
    for (let index = 0; index < 250; index++) {
      const large = `${text(`b${index}`)}spec:\n  a: "${'x'.repeat(20_000)}"\n`;
      await parser.parse(file(), large);
    }
    parse.mockClear();
    expect(await parser.parse(file(), text('a'))).toEqual(first);
    expect(parse).toHaveBeenCalledTimes(1);
  });

  it('gives its own entities, whatever object id the service has it under', async () => {
    const { parser } = start();
    for (let round = 0; round < 3; round++) {
      for (const name of ['a', 'b']) {
        const observation = await parser.parse(file(), text(name));
        expect(claimsOf(observation)).toMatchObject([
          { entityRef: `component:default/${name}` },
        ]);
      }
    }
  });

  it('gives each file an entity with its own location', async () => {
    const { parser } = start();
    const locations: string[] = [];
    for (const name of ['one', 'two', 'one']) {
      const [claim] = claimsOf(await parser.parse(file(name), text('same')));
      locations.push(
        JSON.parse(claim?.entity ?? '{}').metadata.annotations[
          'backstage.io/managed-by-location'
        ],
      );
    }
    const url = (name: string) =>
      `url:https://dev.azure.com/contoso/p/_git/${name}?path=/catalog-info.yaml`;
    expect(locations).toEqual([url('one'), url('two'), url('one')]);
  });
});

describe('a blob that many repositories share', () => {
  const downloads = (...texts: Array<string | Error | undefined>) =>
    jest.fn(async () => {
      const next = texts.shift();
      if (next instanceof Error) throw next;
      return next;
    });

  it('is downloaded and parsed once, also for many at once', async () => {
    const { parser, parse } = start();
    const download = downloads(text('a'), text('other'));
    const observations = await Promise.all(
      Array.from({ length: 100 }, () => parser.parseBlob(file(), download)),
    );
    observations.push(await parser.parseBlob(file(), download));
    for (const observation of observations) {
      expect(claimsOf(observation)).toMatchObject([
        { entityRef: 'component:default/a' },
      ]);
    }
    expect(download).toHaveBeenCalledTimes(1);
    expect(parse).toHaveBeenCalledTimes(1);
  });

  it('is requested from another repository where one denies it', async () => {
    const { parser } = start();
    const download = downloads(new Error('403'), text('a'));
    const [first, second] = await Promise.allSettled([
      parser.parseBlob(file(), download),
      parser.parseBlob(file(), download),
    ]);
    expect(first).toMatchObject({ status: 'rejected' });
    expect(second).toMatchObject({
      status: 'fulfilled',
      value: { claims: [{ entityRef: 'component:default/a' }] },
    });
  });

  it('is unknown in each repository where all deny it', async () => {
    const { parser } = start();
    const download = async () => await Promise.reject(new Error('403'));
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => parser.parseBlob(file(), download)),
    );
    expect(new Set(results.map(({ status }) => status))).toEqual(
      new Set(['rejected']),
    );
  });

  it('is requested again where it was too large to be read', async () => {
    const { parser } = start();
    const download = downloads(undefined, undefined);
    for (let round = 0; round < 2; round++) {
      expect(await parser.parseBlob(file(), download)).toMatchObject({
        rejections: [{ reason: 'too-large' }],
        unreadable: true,
      });
    }
    expect(download).toHaveBeenCalledTimes(2);
  });
});

it('texts that take long to parse are no longer waited for once the refresh is aborted', async () => {
  const refresh = new AbortController();
  const { parser, parse } = start({ deadlineMs: 600_000 }, refresh.signal);
  const endless = '? '.repeat(1_000);
  const reading = Promise.allSettled(
    ['a', 'b', 'c'].map(name => parser.parse(file(), endless + name)),
  );
  await until('a text to be parsed', () => parse.mock.calls.length === 3);
  refresh.abort();
  expect(await reading).toMatchObject(
    Array.from({ length: 3 }, () => ({ reason: { name: 'AbortError' } })),
  );
});

it('a document that takes too long to parse leaves the former entities of its file as they are', async () => {
  const { parser } = start({ deadlineMs: 2_000 });
  const endless = '? '.repeat(1_000);
  const observation = await parser.parse(
    file(),
    `${text('a')}---\n${endless}\n`,
  );
  expect(observation).toMatchObject({
    outcome: 'present',
    claims: [
      { entityRef: 'component:default/a', kind: 'entity' },
      { kind: 'error' },
    ],
    rejections: [{ index: 1, reason: 'too-large' }],
    unreadable: true,
  });
});
