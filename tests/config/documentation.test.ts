import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entityEnvelopeSchemaValidator } from '@backstage/catalog-model';
import { ConfigReader } from '@backstage/config';
import { type ConfigSchema, loadConfigSchema } from '@backstage/config-loader';
import type { JsonObject } from '@backstage/types';
import { loadAll } from 'js-yaml';
import { describeAllMistakes } from '../../src/config/mistakes';
import { readProviderConfigs } from '../../src/config/read';
import { readUrlReaderSettings } from '../../src/config/url-reader';

const root = join(__dirname, '..', '..');
const text = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');
describe('docs/configuration.md', () => {
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
    expect(shown).toBe(
      describeAllMistakes(
        reading?.error ? [reading.error] : [],
        'azure-devops-entity-provider',
      ),
    );
  });
});

/** A block of YAML in a page, with the line that it begins in. */
interface Example {
  readonly where: string;
  readonly yaml: string;
}

function examplesIn(page: string): Example[] {
  const content = readFileSync(join(root, page), 'utf8');
  return [...content.matchAll(/^( *)```ya?ml\n(.*?)^ *```$/gms)].map(
    ({ index, 1: indent = '', 2: yaml = '' }) => ({
      where: `${page}:${content.slice(0, index).split('\n').length}`,
      yaml: yaml.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}

/** What Backstage requires of every configuration. */
const REST: JsonObject = {
  app: { baseUrl: 'http://localhost:3000' },
  backend: {
    baseUrl: 'http://localhost:7007',
    listen: ':7007',
    database: { client: 'better-sqlite3', connection: ':memory:' },
  },
};

describe('every block of YAML in the documentation', () => {
  const pages = readdirSync(join(root, 'docs'), {
    encoding: 'utf8',
    recursive: true,
  }).filter(name => name.endsWith('.md'));
  const examples = ['README.md', ...pages.map(name => join('docs', name))]
    .flatMap(examplesIn)
    .map(({ where, yaml }) => [where, yaml] as const);
  let schema: ConfigSchema;

  beforeAll(async () => {
    schema = await loadConfigSchema({
      dependencies: [
        '@backstage/backend-app-api',
        '@backstage/backend-defaults',
        '@backstage/integration',
        '@backstage/plugin-catalog-backend',
        '@backstage/plugin-devtools',
      ],
      packagePaths: [join(root, 'package.json')],
      excludePackageDependencies: true,
      // A key that nobody declares is a mistake of the page.
      noUndeclaredProperties: true,
    });
  });

  it.each(examples)('can be used as it stands: %s', (where, yaml) => {
    for (const data of loadAll(yaml) as JsonObject[]) {
      if ('apiVersion' in data) {
        expect(() => entityEnvelopeSchemaValidator()(data)).not.toThrow();
        continue;
      }
      // A pipeline, not a configuration.
      if ('steps' in data) {
        expect(JSON.stringify(data)).toContain('azure-devops-catalog');
        continue;
      }
      // Rules of Prometheus, which tests/status/telemetry.test.ts checks.
      if ('groups' in data) {
        expect(where).toContain('operations.md');
        continue;
      }
      schema.process([
        { context: 'the rest of a configuration', data: REST },
        { context: where, data },
      ]);
      const config = new ConfigReader(data);
      readUrlReaderSettings(config);
      expect(
        readProviderConfigs(config).flatMap(
          ({ error }) => error?.mistakes ?? [],
        ),
      ).toEqual([]);
    }
  });
});
