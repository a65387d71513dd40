import {
  ANNOTATION_LOCATION,
  ANNOTATION_ORIGIN_LOCATION,
  entityEnvelopeSchemaValidator,
  type Entity,
} from '@backstage/catalog-model';
import { parsePlain } from '../../src/descriptors/yaml';
import { corpusFiles, unlisted } from '../support/corpus';
import { catalogReading, type Verdict } from './support/catalog-reading';
import { readDescriptor, testYamlParser } from './support/read';

const yaml = testYamlParser();
const isEnvelope = entityEnvelopeSchemaValidator();
const files = corpusFiles();

/** Traits that can be seen in a file's text. */
const VISIBLE: Readonly<Record<string, (text: string) => boolean>> = {
  aliases: text => /: \*\w/.test(text),
  anchors: text => /[:-] &\w/.test(text),
  bom: text => text.startsWith('\ufeff'),
  crlf: text => /\r\n/.test(text) && !/[^\r]\n/.test(text),
  'merge-keys': text => /^\s*<<:/m.test(text),
  'multi-doc': text => /^(---|\.\.\.)/m.test(text),
  'no-eol': text => !text.endsWith('\n'),
  nonascii: text => /[^\0-\x7f]/.test(text),
  tabs: text => text.includes('\t'),
  'trailing-spaces': text => / $/m.test(text),
  'windows-1252': text => text.includes('\ufffd'),
  'yaml-error': text => verdictsOn(text).some(verdict => !('value' in verdict)),
};

/** What real files are tagged with, and ours are not. */
const ASKED_OF_BACKSTAGE: Readonly<Record<string, true>> = {
  parses: true,
  'model-refuses': true,
  'crlf-restored': true,
};

describe('the corpus', () => {
  it('lists each of its files with its traits', () => {
    expect(unlisted()).toEqual([]);
  });

  it('has the traits that its index lists', () => {
    const wrong = files.flatMap(({ name, content, traits }) =>
      Object.entries(VISIBLE)
        .filter(([trait]) => traits.includes(trait))
        .filter(([, isVisible]) => !isVisible(content.toString('utf8')))
        .map(([trait]) => `${name} is not ${trait}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has a file with each trait that real files have', () => {
    const isReal = ({ name }: { name: string }) => name.startsWith('real-');
    const ours = files
      .filter(file => !isReal(file))
      .flatMap(({ traits }) => traits);
    const missing = files
      .filter(isReal)
      .flatMap(({ traits }) => traits)
      .filter(trait => !ours.includes(trait) && !ASKED_OF_BACKSTAGE[trait]);
    expect(missing).toEqual([]);
  });
});

describe('a descriptor file gives the entities that Backstage takes, and no others:', () => {
  /** Of documents: how many js-yaml reads alone. */
  const counts = { plain: 0, other: 0 };

  it.each(files)('$name', async ({ content }) => {
    const text = content.toString('utf8');
    const verdicts = verdictsOn(text);
    const kinds = verdicts.flatMap(verdict =>
      'value' in verdict ? [String((verdict.value as Entity).kind)] : [],
    );
    const documents = await readDescriptor(yaml, text, {
      catalog: { rules: [{ allow: kinds }] },
    });
    expect(documents).toHaveLength(verdicts.length);

    documents.forEach((document, index) => {
      const verdict = verdicts[index];
      if (!verdict || !('value' in verdict)) {
        expect(document).toMatchObject({
          outcome: 'rejected',
          reason: 'syntax',
        });
      } else if (document.outcome === 'entity') {
        expect(withoutLocation(document.entity)).toEqual(
          withoutLocation(JSON.parse(JSON.stringify(verdict.value)) as Entity),
        );
      } else if (document.reason === 'rules') {
        expect(document.message).toMatch(/more than once/);
      } else {
        expect(document.reason).toBe('envelope');
        expect(() => isEnvelope(verdict.value)).toThrow();
      }
    });

    for (const part of text.split(/^---(?=\s)/m)) {
      counts[parsePlain(part) ? 'plain' : 'other'] += 1;
    }
  });

  it('js-yaml alone reads most documents, even of files that are chosen for what is odd', () => {
    expect(counts.plain).toBeGreaterThan(counts.other);
  });
});

/** What Backstage makes of each document; one of which its parser throws is the last. */
function verdictsOn(text: string): Verdict[] {
  const { verdicts, threw } = catalogReading(text, yaml);
  return threw ? [...verdicts, { rejected: true }] : verdicts;
}

function withoutLocation(entity: Entity): Entity {
  const {
    [ANNOTATION_LOCATION]: _location,
    [ANNOTATION_ORIGIN_LOCATION]: _origin,
    ...annotations
  } = entity.metadata.annotations ?? {};
  return { ...entity, metadata: { ...entity.metadata, annotations } };
}
