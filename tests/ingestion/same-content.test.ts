import { BlobTexts } from '../../src/ingestion/blob-texts';
import { SameTexts } from '../../src/ingestion/same-texts';
import { createDescriptorReader } from '../../src/ingestion/reading';
import { CatalogRules } from '../../src/descriptors/rules';
import { ConfigReader } from '@backstage/config';
import type { Repository } from '../../src/azure/types';
import { Organization } from '../../src/organization';

const text = (name: string, description = '') =>
  `kind: Component\napiVersion: v1\nmetadata: { name: ${name}, description: "${description}" }\nspec: {}\n`;

describe('a text that many files share', () => {
  const id = (n: number) =>
    n.toString(16).padStart(16, '0').repeat(2).slice(0, 32) + '0'.repeat(8);

  it('is understood once, as soon as it is seen again and for as long as it is among the latest', () => {
    const texts = new SameTexts(false);
    const first = texts.understand(id(1), text('a'));
    expect(first).toMatchObject([{ outcome: 'understood' }]);
    const second = texts.understand(id(1), text('a'));
    expect(second).toEqual(first);
    for (let i = 0; i < 10; i++) {
      expect(texts.understand(id(1), text('a'))).toBe(second);
    }
    // What is kept is bounded, also where a short text stands for much.
    const anchors = `"${'x'.repeat(20_000)}"`;
    for (let i = 0; i < 250; i++) {
      const other = `kind: Component\napiVersion: v1\nmetadata: { name: b${i} }\nspec: { a: ${anchors} }\n`;
      texts.understand(id(i + 2), other);
      texts.understand(id(i + 2), other);
    }
    const again = texts.understand(id(1), text('a'));
    expect(again).not.toBe(second);
    expect(again).toEqual(first);
  });

  it('is what it is, whatever object id the service has it under', () => {
    const texts = new SameTexts(false);
    for (let i = 0; i < 3; i++) {
      expect(texts.understand(id(1), text('a'))).toMatchObject([
        { entityRef: 'component:default/a' },
      ]);
      expect(texts.understand(id(1), text('b'))).toMatchObject([
        { entityRef: 'component:default/b' },
      ]);
    }
  });

  it('gives each file an entity of its own', () => {
    const reader = createDescriptorReader({
      organization: new Organization('dev.azure.com', 'contoso'),
      rules: CatalogRules.fromConfig(new ConfigReader({})),
      enableYamlMerge: false,
    });
    const locations = ['one', 'two', 'one'].map(name => {
      const observation = reader.read(
        repository(name),
        '/catalog-info.yaml',
        '0'.repeat(40),
        text('same'),
      );
      const [claim] =
        observation.outcome === 'present' ? observation.claims : [];
      return JSON.parse(claim?.entity ?? '{}').metadata.annotations[
        'backstage.io/managed-by-location'
      ];
    });
    const url = (name: string) =>
      `url:https://dev.azure.com/contoso/p/_git/${name}?path=/catalog-info.yaml`;
    expect(locations).toEqual([url('one'), url('two'), url('one')]);
  });
});

describe('a blob that many repositories share', () => {
  const downloads = (...texts: Array<string | Error | undefined>) => {
    const download = jest.fn(async () => {
      const next = texts.shift();
      if (next instanceof Error) throw next;
      return next;
    });
    return download;
  };

  it('is downloaded once, also by many at once', async () => {
    const blobs = new BlobTexts();
    const download = downloads('text', 'other');
    const read = await Promise.all(
      Array.from({ length: 100 }, () => blobs.read('id', download)),
    );
    expect(new Set(read)).toEqual(new Set(['text']));
    expect(await blobs.read('id', download)).toBe('text');
    expect(download).toHaveBeenCalledTimes(1);
  });

  it('is asked of another repository where one refuses it', async () => {
    const blobs = new BlobTexts();
    const download = downloads(new Error('403'), 'text');
    const [first, second] = await Promise.allSettled([
      blobs.read('id', download),
      blobs.read('id', download),
    ]);
    expect(first).toMatchObject({ status: 'rejected' });
    expect(second).toEqual({ status: 'fulfilled', value: 'text' });
  });

  it('is not remembered where it is too large to be read', async () => {
    const blobs = new BlobTexts();
    const download = downloads(undefined, undefined);
    expect(await blobs.read('id', download)).toBeUndefined();
    expect(await blobs.read('id', download)).toBeUndefined();
    expect(download).toHaveBeenCalledTimes(2);
  });
});

function repository(name: string): Repository {
  return {
    id: name,
    name,
    project: { id: 'p', name: 'p', state: 'wellFormed' },
    defaultBranch: 'main',
    isDisabled: false,
    isFork: false,
  };
}
