import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ConfigSchema, loadConfigSchema } from '@backstage/config-loader';
import type { JsonObject } from '@backstage/types';

const packagePath = join(__dirname, '..', '..', 'package.json');

describe('config.schema.json, as Backstage loads it', () => {
  let schema: ConfigSchema;

  beforeAll(async () => {
    schema = await loadConfigSchema({
      dependencies: [],
      packagePaths: [packagePath],
      excludePackageDependencies: true,
      // A key that it does not declare would pass unseen otherwise.
      noUndeclaredProperties: true,
    });
  });

  function check(block: JsonObject): void {
    const data = { catalog: { providers: { azureDevOps: { main: block } } } };
    schema.process([{ context: 'test', data }]);
  }

  it('is what Backstage compiles config.d.ts to (`npm run schema` makes it so)', () => {
    const root = dirname(packagePath);
    const compiled = execFileSync(
      process.execPath,
      [join(root, 'dev/package/config-schema.mjs'), '--print'],
      { encoding: 'utf8' },
    );
    const text = readFileSync(join(root, 'config.schema.json'), 'utf8');
    expect(JSON.parse(text)).toEqual(JSON.parse(compiled));
  });

  it('accepts every documented key', () => {
    check({
      host: 'dev.azure.com',
      organization: 'contoso',
      organizations: ['contoso', 'fabrikam'],
      project: ['Payments', 'Team *'],
      repository: '*',
      exclude: { project: 'Old', repository: ['*-archive'] },
      branch: 'main',
      path: ['/catalog-info.yaml', '/services/*/catalog-info.yaml'],
      skipForkedRepos: true,
      discoveryMethod: 'listing',
      schedule: {
        frequency: { minutes: 30 },
        timeout: 'PT1H',
        initialDelay: { seconds: 5 },
        scope: 'global',
      },
      removals: {
        confirmations: 3,
        maxPercentage: 20,
        maxConfirmedPercentage: 50,
        minimum: 10,
        allow: '3f2a9c01d4e5',
      },
      verifyEvery: { hours: 6 },
      hints: { codeSearch: true },
    });
  });

  it.each<[JsonObject]>([
    [{ organization: 'contoso' }],
    [{ organizations: 'contoso' }],
    [{ host: 'contoso.visualstudio.com' }],
    [
      {
        organization: 'contoso',
        schedule: { frequency: { cron: '0 * * * *' } },
      },
    ],
    [{ organization: 'contoso', verifyEvery: 'PT6H' }],
    // As environment variables give them.
    [
      {
        organization: 'contoso',
        skipForkedRepos: 'true',
        removals: { minimum: '5' },
      },
    ],
  ])('accepts %j', block => {
    expect(() => check(block)).not.toThrow();
  });

  it.each<[JsonObject, string]>([
    [{ project: { name: 'x' } }, 'main/project'],
    [{ path: [{ a: 1 }] }, 'main/path/0'],
    [{ skipForkedRepos: 'maybe' }, 'main/skipForkedRepos'],
    [{ annotations: 'maybe' }, 'main/annotations'],
    [{ removals: { maxPercentage: 101 } }, 'main/removals/maxPercentage'],
    [
      { removals: { maxConfirmedPercentage: -1 } },
      'main/removals/maxConfirmedPercentage',
    ],
    [{ removals: { confirmations: 0 } }, 'main/removals/confirmations'],
    [{ removals: { minimum: 1.5 } }, 'main/removals/minimum'],
    [{ schedule: { scope: 'none' } }, 'main/schedule/scope'],
    [{ verifyEvery: [] }, 'main/verifyEvery'],
    [{ hints: { codeSearch: 'often' } }, 'main/hints/codeSearch'],
    [{ exclude: [] }, 'main/exclude'],
    [{ organisation: 'contoso' }, 'organisation'],
  ])('rejects %j', (block, where) => {
    expect(() => check(block)).toThrow(where);
  });

  it('shows nothing to the frontend, and declares one secret: the password of the ingress', () => {
    const password = 'a password of the tests';
    const data = {
      catalog: {
        azureDevOps: {
          events: { ingress: { username: 'azure-devops', password } },
        },
        providers: {
          azureDevOps: {
            main: { organization: 'contoso', project: 'Payments' },
          },
        },
      },
    };
    expect(JSON.stringify(schema.serialize())).not.toMatch(
      /isibility":"(?!backend|secret)/,
    );
    const seenBy = (visibility: 'frontend' | 'secret') =>
      schema.process([{ context: 'test', data }], {
        visibility: [visibility],
      })[0]?.data;
    expect(seenBy('frontend')).toEqual({});
    expect(seenBy('secret')).toEqual({
      catalog: { azureDevOps: { events: { ingress: { password } } } },
    });
  });

  it('describes each key', () => {
    const undescribed: string[] = [];
    const visit = (node: unknown, path: string) => {
      if (typeof node !== 'object' || node === null) return;
      const { properties, additionalProperties } = node as JsonObject;
      for (const [key, child] of Object.entries(properties ?? {})) {
        const { description } = child as JsonObject;
        if (typeof description !== 'string') undescribed.push(`${path}.${key}`);
        visit(child, `${path}.${key}`);
      }
      visit(additionalProperties, `${path}.<id>`);
    };
    const { schemas } = schema.serialize() as {
      schemas: Array<{ value: unknown }>;
    };
    visit(schemas[0]?.value, '');
    expect(
      undescribed.filter(key =>
        key.startsWith('.catalog.providers.azureDevOps.'),
      ),
    ).toEqual([]);
  });
});
