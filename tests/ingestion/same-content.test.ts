import { ConfigReader } from '@backstage/config';
import type { Repository } from '../../src/azure/types';
import { CatalogRules } from '../../src/descriptors/rules';
import { YamlParser } from '../../src/descriptors/yaml';
import {
  DescriptorParser,
  type DescriptorFile,
  type ReadText,
} from '../../src/ingestion/descriptor-parser';
import { Turns } from '../../src/concurrency';
import { blobObjectId } from '../../src/azure/object-id';
import { Organization } from '../../src/organization';
import type { PathObservation } from '../../src/policy/model';
import { until } from '../support/until';

/** For the parser in the thread, on account of the anchor. */
const text = (name: string) =>
  `kind: Component\napiVersion: v1\nmetadata: &metadata\n  name: ${name}\n`;

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
    settings: { annotations: false },
    rules: CatalogRules.fromConfig(new ConfigReader({})),
    yaml,
    turns: new Turns(),
    signal,
  });
  return { parser: new Observer(parser), parse };
}

/** Reads files, and keeps what is handed on. */
class Observer {
  constructor(private readonly parser: DescriptorParser) {}

  async parse(of: DescriptorFile, content: string): Promise<PathObservation> {
    const objectId = blobObjectId(Buffer.from(content));
    return await this.observe(handOn =>
      this.parser.parse({ ...of, objectId }, content, handOn),
    );
  }

  async parseBlob(
    of: DescriptorFile,
    download: ReadText,
  ): Promise<PathObservation> {
    return await this.observe(handOn =>
      this.parser.parseBlob(of, download, handOn),
    );
  }

  private async observe(
    read: (
      handOn: (observation: PathObservation) => Promise<void>,
    ) => Promise<number>,
  ): Promise<PathObservation> {
    const found: PathObservation[] = [];
    await read(async observation => void found.push(observation));
    expect(found).toHaveLength(1);
    return found[0] as PathObservation;
  }
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
  const downloads = (...texts: Array<string | Error>) =>
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
    const download = jest.fn(async () => undefined);
    for (let round = 0; round < 2; round++) {
      expect(await parser.parseBlob(file(), download)).toMatchObject({
        rejections: [{ reason: 'too-large' }],
        unreadable: true,
      });
    }
    expect(download.mock.calls).toEqual([['light'], ['whole'], ['whole']]);
  });
});

it('texts that take long to parse are no longer waited for once the refresh is aborted', async () => {
  const refresh = new AbortController();
  const { parser, parse } = start({ deadlineMs: 600_000 }, refresh.signal);
  const endless = '? '.repeat(1_000);
  const reading = Promise.allSettled(
    ['a', 'b', 'c'].map(name => parser.parse(file(), endless + name)),
  );
  await until('a text to be parsed', () => parse.mock.calls.length === 1);
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
