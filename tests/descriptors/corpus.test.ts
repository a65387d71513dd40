import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigReader } from '@backstage/config';
import {
  ANNOTATION_LOCATION,
  ANNOTATION_ORIGIN_LOCATION,
  entityEnvelopeSchemaValidator,
  type Entity,
} from '@backstage/catalog-model';
import { readDescriptor } from '../../src/descriptors/read';
import { CatalogRules } from '../../src/descriptors/rules';
import { readWithJsYaml } from '../../src/descriptors/yaml/js-yaml';
import { splitDocuments } from '../../src/descriptors/yaml/split';
import { describeWithShared } from '../support/shared';
import { catalogReading } from './support/catalog-reading';

const TARGET = 'https://dev.azure.com/contoso/P/_git/r?path=/catalog-info.yaml';
const OFF = { enableYamlMerge: false };
const isEnvelope = entityEnvelopeSchemaValidator();

describeWithShared('real descriptors', ['corpus', 'files'], directory => {
  const files = readdirSync(directory)
    .sort()
    .map(name => [name, readFileSync(join(directory, name), 'utf8')] as const);
  const counts = {
    files: files.length,
    documents: 0,
    'entities, deep-equal': 0,
    'rejected by both: syntax': 0,
    'rejected by both: envelope': 0,
    'defined twice in one file': 0,
    'read by js-yaml alone': 0,
    "read by the catalog's parser": 0,
  };

  afterAll(() => {
    console.table(counts);
  });

  it.each(files)(
    '%s gives what Backstage takes, and no more',
    (_name, text) => {
      const { verdicts, threw } = catalogReading(text, OFF);
      expect(threw).toBe(false);
      const kinds = verdicts.flatMap(verdict =>
        'value' in verdict ? [String((verdict.value as Entity).kind)] : [],
      );
      const { documents } = readDescriptor({
        content: text,
        target: TARGET,
        rules: CatalogRules.fromConfig(
          new ConfigReader({ catalog: { rules: [{ allow: kinds }] } }),
        ),
        enableYamlMerge: false,
      });
      expect(documents).toHaveLength(verdicts.length);

      documents.forEach((document, index) => {
        const verdict = verdicts[index];
        counts.documents += 1;
        if (!verdict || !('value' in verdict)) {
          expect(document).toMatchObject({
            outcome: 'rejected',
            reason: 'syntax',
          });
          counts['rejected by both: syntax'] += 1;
        } else if (document.outcome === 'entity') {
          expect(withoutLocation(document.entity)).toEqual(
            withoutLocation(
              JSON.parse(JSON.stringify(verdict.value)) as Entity,
            ),
          );
          counts['entities, deep-equal'] += 1;
        } else if (document.reason === 'rules') {
          expect(document.message).toMatch(/more than once/);
          counts['defined twice in one file'] += 1;
        } else {
          expect(document.reason).toBe('envelope');
          expect(() => isEnvelope(verdict.value)).toThrow();
          counts['rejected by both: envelope'] += 1;
        }
      });

      for (const part of splitDocuments(text, 1_000) ?? []) {
        const reading = readWithJsYaml(part.text, OFF);
        const alone = reading.outcome === 'value' && reading.certain;
        counts[
          alone ? 'read by js-yaml alone' : "read by the catalog's parser"
        ] += 1;
      }
    },
  );

  it('are read by js-yaml alone for the most part', () => {
    expect(counts['read by js-yaml alone']).toBeGreaterThan(
      8 * counts["read by the catalog's parser"],
    );
  });
});

function withoutLocation(entity: Entity): Entity {
  const {
    [ANNOTATION_LOCATION]: _location,
    [ANNOTATION_ORIGIN_LOCATION]: _origin,
    ...annotations
  } = entity.metadata.annotations ?? {};
  return { ...entity, metadata: { ...entity.metadata, annotations } };
}
