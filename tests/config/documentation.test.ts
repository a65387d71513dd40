import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigReader } from '@backstage/config';
import { loadConfigSchema } from '@backstage/config-loader';
import type { JsonObject } from '@backstage/types';
import { load } from 'js-yaml';
import { readProviderConfigs } from '../../src/config/index';

const root = join(__dirname, '..', '..');
const text = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');
const examples = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(
  match => load(match[1]!) as JsonObject,
);

describe('docs/configuration.md', () => {
  it('has only examples that the module and the schema take', async () => {
    const schema = await loadConfigSchema({
      dependencies: ['@backstage/integration'],
      packagePaths: [join(root, 'package.json')],
      excludePackageDependencies: true,
      noUndeclaredProperties: true,
    });
    expect(examples.length).toBeGreaterThanOrEqual(6);
    for (const data of examples) {
      const readings = readProviderConfigs(new ConfigReader(data));
      expect(readings).toHaveLength(1);
      expect(readings[0]?.error).toBeUndefined();
      schema.process([{ context: 'docs/configuration.md', data }]);
    }
  });

  it('lists exactly the keys that the schema declares', async () => {
    const schema = await loadConfigSchema({
      dependencies: [],
      packagePaths: [join(root, 'package.json')],
      excludePackageDependencies: true,
    });
    const { schemas } = schema.serialize() as {
      schemas: Array<{ value: JsonObject }>;
    };
    const at = (node: JsonObject | undefined, key: string) =>
      (node?.properties as JsonObject | undefined)?.[key] as
        JsonObject | undefined;
    const map = at(
      at(at(schemas[0]?.value, 'catalog'), 'providers'),
      'azureDevOps',
    );
    const block = map?.additionalProperties as JsonObject;
    const declared = Object.entries(block.properties as JsonObject).flatMap(
      ([key, value]) => {
        const below = (value as JsonObject).properties as
          JsonObject | undefined;
        return below ? Object.keys(below).map(name => `${key}.${name}`) : [key];
      },
    );
    const documented = [...text.matchAll(/^\| `([a-zA-Z.]+)`/gm)].map(
      match => match[1],
    );
    expect(documented.sort()).toEqual(declared.sort());
  });

  it('quotes the message of a mistake as it is thrown', () => {
    const shown = /^```text\n(.*?)\n```$/ms.exec(text)?.[1];
    const [reading] = readProviderConfigs(
      new ConfigReader({
        catalog: {
          providers: {
            azureDevOps: {
              main: {
                organization: 'contoso',
                projects: ['Payments'],
                path: '../catalog-info.yaml',
                removals: { maxPercentage: 'many' },
              },
            },
          },
        },
      }),
    );
    expect(shown).toBe(reading?.error?.message);
  });
});
