import { ConfigReader } from '@backstage/config';
import type { JsonObject, JsonValue } from '@backstage/types';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { Organization } from '../../src/organization';
import { ConfigurationError } from '../../src/config/mistakes';
import type { ProviderSettings } from '../../src/config/settings';
import { readProviderConfigs } from '../../src/config/read';

function configOf(providers: JsonValue | undefined, rest: JsonObject = {}) {
  return new ConfigReader({
    ...rest,
    catalog: { providers: { azureDevOps: providers } },
  });
}

/** The settings of one block; fails with its mistakes when it has any. */
function settingsOf(block: JsonObject, rest?: JsonObject): ProviderSettings {
  const [reading] = readProviderConfigs(configOf({ main: block }, rest));
  if (!reading?.settings) throw reading?.error ?? new Error('nothing was read');
  return reading.settings;
}

describe('a block with only what is required', () => {
  it('has the documented defaults', () => {
    expect(settingsOf({ organization: 'contoso' })).toEqual({
      id: 'main',
      providerName: 'AzureDevOpsEntityProvider:main',
      organizations: [new Organization('dev.azure.com', 'contoso')],
      project: {
        include: ['*'],
        exclude: [],
        includes: expect.any(Function),
        matches: expect.any(Function),
      },
      repository: {
        include: ['*'],
        exclude: [],
        includes: expect.any(Function),
        matches: expect.any(Function),
      },
      branch: undefined,
      paths: [
        {
          kind: 'literal',
          path: '/catalog-info.yaml',
          matches: expect.any(Function),
        },
      ],
      skipForkedRepos: false,
      annotations: false,
      schedule: {
        frequency: { minutes: 30 },
        timeout: { hours: 1 },
        initialDelay: { seconds: 5 },
        scope: undefined,
      },
      removals: {
        confirmations: 3,
        maxPercentage: 20,
        maxConfirmedPercentage: 50,
        minimum: 10,
        allow: undefined,
      },
      verifyEveryMs: 6 * 60 * 60 * 1000,
      hints: { codeSearch: true },
    });
  });

  it('treats a key that is null as one that is not there', () => {
    const nulls = Object.fromEntries(
      ['host', 'project', 'exclude', 'branch', 'path', 'schedule', 'hints'].map(
        key => [key, null],
      ),
    );
    expect(
      JSON.stringify(settingsOf({ organization: 'contoso', ...nulls })),
    ).toEqual(JSON.stringify(settingsOf({ organization: 'contoso' })));
  });
});

describe('the blocks that the documentation of the official module shows', () => {
  const examples: Record<string, string> = {
    'a pattern of repositories and a schedule': `
      organization: myorg
      project: myproject
      repository: service-*
      path: /catalog-info.yaml
      schedule:
        frequency: { minutes: 30 }
        timeout: { minutes: 3 }`,
    'all projects': `
      organization: myorg
      project: '*'
      repository: '*'
      path: /catalog-info.yaml`,
    'a path with a wildcard': `
      organization: myorg
      project: myproject
      repository: '*'
      path: /src/*/catalog-info.yaml`,
    'a Server and a branch': `
      host: selfhostedazure.yourcompany.com
      organization: myorg
      project: myproject
      branch: development`,
    'a project with a space': `
      organization: myorg
      project: '"My Project Name"'`,
    'a path without a slash': `
      organization: myorg
      project: myproject
      path: catalog-info.yaml`,
    'a listing without forks': `
      organization: myorg
      project: '*'
      discoveryMethod: listing
      skipForkedRepos: true
      schedule: { frequency: PT30M, timeout: 3 minutes, initialDelay: { seconds: 15 }, scope: local }`,
  };

  it.each(Object.keys(examples))('are taken unchanged: %s', name => {
    const block = load(examples[name]!) as JsonObject;
    const settings = settingsOf(block, {
      integrations: { azure: [{ host: 'selfhostedazure.yourcompany.com' }] },
    });
    expect(settings.organizations.map(o => o.name)).toEqual(['myorg']);
  });

  it('mean the same as there', () => {
    const { project, repository, schedule } = settingsOf(
      load(examples['a pattern of repositories and a schedule']!) as JsonObject,
    );
    expect(project.matches('MyProject')).toBe(true);
    expect(project.matches('myproject2')).toBe(false);
    expect(repository.matches('Service-a')).toBe(true);
    expect(repository.matches('my-service-a')).toBe(false);
    expect(schedule.timeout).toEqual({ minutes: 3 });

    const quoted = settingsOf(
      load(examples['a project with a space']!) as JsonObject,
    );
    expect(quoted.project.include).toEqual(['My Project Name']);
    expect(quoted.project.matches('my project name')).toBe(true);
  });
});

describe('a list', () => {
  it('is taken wherever a name, a pattern or a path is', () => {
    const settings = settingsOf({
      organizations: ['contoso', 'fabrikam'],
      project: ['Payments', 'Team *'],
      repository: 'api-*',
      exclude: { project: 'Team Old', repository: ['*-archive', '"api-x"'] },
      path: ['catalog-info.yaml', './docs//catalog-info.yaml'],
    });
    expect(settings.organizations.map(o => o.name)).toEqual([
      'contoso',
      'fabrikam',
    ]);
    expect(settings.project).toMatchObject({
      include: ['Payments', 'Team *'],
      exclude: ['Team Old'],
    });
    expect(settings.project.matches('team new')).toBe(true);
    expect(settings.project.matches('TEAM OLD')).toBe(false);
    expect(settings.repository.matches('api-y')).toBe(true);
    expect(settings.repository.matches('api-x')).toBe(false);
    expect(settings.repository.matches('api-y-archive')).toBe(false);
    expect(settings.paths).toMatchObject([
      { kind: 'literal', path: '/catalog-info.yaml' },
      { kind: 'literal', path: '/docs/catalog-info.yaml' },
    ]);
  });
});

describe('the host of a provider', () => {
  const server = {
    integrations: { azure: [{ host: 'Devops.Example.com:8443' }] },
  };

  it('is compared with the integrations without regard to case', () => {
    expect(
      settingsOf(
        {
          host: 'devops.example.COM:8443',
          organization: '/tfs/Default Collection/',
        },
        server,
      ).organizations,
    ).toEqual([
      new Organization('devops.example.com:8443', 'tfs/Default Collection'),
    ]);
  });

  it.each([
    [{ host: 'contoso.visualstudio.com' }, 'contoso'],
    [{ host: 'Contoso.VisualStudio.com' }, 'contoso'],
    [{ host: 'contoso.visualstudio.com', organization: 'Contoso' }, 'Contoso'],
    [
      { host: 'contoso.visualstudio.com', organizations: ['CONTOSO'] },
      'CONTOSO',
    ],
  ])(
    'may be the legacy name of one organization, which is kept where the integrations have it: %j',
    (block, organization) => {
      expect(settingsOf(block).organizations).toEqual([
        new Organization('dev.azure.com', organization),
      ]);
      const rest = {
        integrations: { azure: [{ host: 'Contoso.visualstudio.com' }] },
      };
      expect(settingsOf(block, rest).organizations).toEqual([
        new Organization('contoso.visualstudio.com', organization),
      ]);
    },
  );

  it('has one spelling for its default port', () => {
    expect(
      settingsOf({ host: 'dev.azure.com:443', organization: 'contoso' })
        .organizations[0]?.host,
    ).toBe('dev.azure.com');
  });

  it('is checked even where the integrations are broken', () => {
    const [reading] = readProviderConfigs(
      configOf(
        { main: { host: 'devops.example.com', organization: 'Default' } },
        { integrations: 'oops' },
      ),
    );
    expect(reading?.error?.mistakes).toHaveLength(1);
  });
});

describe('texts, as environment variables give them,', () => {
  it('are taken for the numbers and booleans they stand for', () => {
    const settings = settingsOf({
      organization: 'contoso',
      skipForkedRepos: 'true',
      removals: { maxPercentage: '12.5', minimum: '0' },
      hints: { codeSearch: 'no' },
    });
    expect(settings.skipForkedRepos).toBe(true);
    expect(settings.removals).toMatchObject({
      maxPercentage: 12.5,
      minimum: 0,
    });
    expect(settings.hints).toEqual({ codeSearch: false });
  });
});

describe('a duration or a schedule', () => {
  it.each<[JsonObject, object]>([
    [
      { frequency: { cron: '0 */6 * * *' } },
      { frequency: { cron: '0 */6 * * *' } },
    ],
    [
      { frequency: { trigger: 'manual' } },
      { frequency: { trigger: 'manual' } },
    ],
    [
      { timeout: 'PT3H' },
      { timeout: { hours: 3 }, frequency: { minutes: 30 } },
    ],
    [{ initialDelay: { seconds: 0 } }, { initialDelay: { seconds: 0 } }],
    [{ scope: 'global' }, { scope: 'global' }],
  ])('may be %j, the rest being the defaults', (schedule, expected) => {
    expect(
      settingsOf({ organization: 'contoso', schedule }).schedule,
    ).toMatchObject(expected);
  });

  it.each<[JsonValue, number]>([
    [{ hours: 2, minutes: 30 }, 9_000_000],
    ['PT45M', 2_700_000],
    ['1 day', 86_400_000],
  ])('may be %j', (verifyEvery, expected) => {
    expect(settingsOf({ organization: 'contoso', verifyEvery })).toMatchObject({
      verifyEveryMs: expected,
    });
  });

  it.each([
    [{ organization: 'contoso' }, 6],
    [{ host: 'contoso.visualstudio.com' }, 6],
    [{ host: 'devops.example.com', organization: 'tfs/Main' }, 1],
    [
      { host: 'devops.example.com', organization: 'Main', verifyEvery: 'PT6H' },
      6,
    ],
  ])('verifies, with the block %j, every %i hours', (block, hours) => {
    const settings = settingsOf(block, {
      integrations: { azure: [{ host: 'devops.example.com' }] },
    });
    expect(settings.verifyEveryMs).toBe(hours * 60 * 60 * 1000);
  });
});

describe('the branch of a provider', () => {
  it.each([
    ['main', 'main'],
    ['refs/heads/release/1.0', 'release/1.0'],
    ['feature/ü#&%+', 'feature/ü#&%+'],
    ['heads/x', 'heads/x'],
  ])('may be %s', (branch, expected) => {
    expect(settingsOf({ organization: 'contoso', branch }).branch).toBe(
      expected,
    );
  });
});

describe('the id of a provider', () => {
  it('is read even when its block is wrong, so that its entities stay', () => {
    const readings = readProviderConfigs(
      configOf({ good: { organization: 'contoso' }, bad: 'x', 'odd id': {} }),
    );
    expect(readings.map(r => [r.providerName, r.error !== undefined])).toEqual([
      ['AzureDevOpsEntityProvider:good', false],
      ['AzureDevOpsEntityProvider:bad', true],
      ['AzureDevOpsEntityProvider:odd id', true],
    ]);
  });

  it('is absent without the key, and when the key is null', () => {
    expect(readProviderConfigs(new ConfigReader({}))).toEqual([]);
    expect(readProviderConfigs(new ConfigReader(undefined))).toEqual([]);
    expect(readProviderConfigs(configOf(null))).toEqual([]);
    expect(readProviderConfigs(configOf({}))).toEqual([]);
    expect(readProviderConfigs(configOf({ gone: null }))).toEqual([]);
  });

  it('is `default` when the key holds no ids, and the mistake is reported', () => {
    for (const config of [
      configOf('contoso'),
      configOf(['contoso']),
      new ConfigReader({ catalog: { providers: 'contoso' } }),
      new ConfigReader({ catalog: ['contoso'] }),
    ]) {
      const readings = readProviderConfigs(config);
      expect(readings.map(r => r.id)).toEqual(['default']);
      expect(readings[0]?.error).toBeInstanceOf(ConfigurationError);
      expect(readings[0]?.error?.message).toContain('catalog');
    }
  });

  it('is read from any JSON without an exception', () => {
    const key = fc.oneof(
      fc.constantFrom(
        'host',
        'organization',
        'organizations',
        'project',
        'exclude',
        'path',
        'branch',
        'schedule',
        'removals',
        'verifyEvery',
        'hints',
        'frequency',
        'minutes',
      ),
      fc.string().filter(text => text !== '__proto__'),
    );
    const anything = fc.object({ key, maxDepth: 4, withNullPrototype: false });
    fc.assert(
      fc.property(anything, object => {
        const blocks = JSON.parse(JSON.stringify(object)) as JsonObject;
        const readings = readProviderConfigs(configOf(blocks));
        const ids = Object.keys(blocks).filter(id => blocks[id] !== null);
        const read = readings.map(({ id }) => id);
        expect(new Set(read).size).toBe(read.length);
        // Keys of a provider that stand in place of ids are one mistake.
        if (!readings.some(({ error }) => error?.id === 'default')) {
          expect(read.sort()).toEqual(ids.sort());
        }
        for (const { error } of readings) {
          error?.mistakes.forEach(mistake =>
            expect(mistake).toContain('catalog.providers.azureDevOps'),
          );
        }
      }),
      { numRuns: 1000 },
    );
  });
});
