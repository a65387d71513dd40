import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigReader } from '@backstage/config';
import type { JsonObject, JsonValue } from '@backstage/types';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { describeAllMistakes } from '../../src/config/mistakes';
import { describeUnreadKeys } from '../../src/config/misplaced';
import { readProviderConfigs } from '../../src/config/read';

const PREFIX = 'catalog.providers.azureDevOps.main';

/** What is read from the blocks of `catalog.providers.azureDevOps`. */
const readingsOf = (azureDevOps: JsonObject) =>
  readProviderConfigs(
    new ConfigReader({ catalog: { providers: { azureDevOps } } }),
  );

/** What is wrong with a block, with `~` in place of its full key. */
function mistakesOf(block: JsonValue): string[] {
  const [reading] = readProviderConfigs(
    new ConfigReader({
      integrations: { azure: [{ host: 'devops.example.com' }] },
      catalog: { providers: { azureDevOps: { main: block } } },
    }),
  );
  const mistakes = reading?.error?.mistakes ?? [];
  for (const mistake of mistakes) expect(mistake).toContain(`\`${PREFIX}`);
  return mistakes.map(mistake => mistake.replaceAll(PREFIX, '~'));
}

describe('a mistake in a block', () => {
  const lines = readFileSync(join(__dirname, 'mistakes.txt'), 'utf8')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'));
  const cases = lines.flatMap((line, i) =>
    i % 2 ? [] : [[line, (lines[i + 1] ?? '').trim()] as const],
  );

  it.each(cases)(
    'gives one sentence that says what to correct: %s',
    (block, expected) => {
      expect(
        mistakesOf({ organization: 'contoso', ...(load(block) as JsonObject) }),
      ).toEqual([expected]);
    },
  );

  it('gives one sentence when the block is no object', () => {
    expect(mistakesOf('contoso')).toEqual([
      'Expected `~` to be an object with the keys of a provider, got `"contoso"` (string)',
    ]);
  });
});

describe('the error of a wrong configuration', () => {
  it('lists everything that is wrong by its full key, and says what follows from it', () => {
    const [reading] = readingsOf({
      main: {
        organisation: 'contoso',
        project: ['Payments', 7],
        removals: { maxPercentage: 'many' },
        verifyEvery: 'sometimes',
      },
    });
    expect(`${reading?.error}`).toMatchInlineSnapshot(`
     "ConfigurationError: The configuration of the Azure DevOps provider \`main\` has 5 mistakes:
       - Unknown key \`catalog.providers.azureDevOps.main.organisation\`; did you mean \`organization\`?
       - Expected \`catalog.providers.azureDevOps.main.organization\` to be the name of an organization (for Azure DevOps Server: of a collection), got nothing
       - Expected \`catalog.providers.azureDevOps.main.project[1]\` to be the name of a project or a pattern with \`*\` and \`?\`, got \`7\` (number); put it in quotes to make it a string
       - Expected \`catalog.providers.azureDevOps.main.removals.maxPercentage\` to be a number from 0 to 100, got \`"many"\` (string)
       - Expected \`catalog.providers.azureDevOps.main.verifyEvery\` to be a duration above 0, such as \`{ minutes: 30 }\`, \`30 minutes\` or \`PT30M\`, got \`"sometimes"\` (string)"
    `);
  });

  it('says that the id was left out when the keys of a provider stand in its place, with the block as it should be', () => {
    const readings = readingsOf({
      organization: 'contoso',
      project: ['My Project', 'pay-*'],
      schedule: { frequency: { minutes: 30 }, timeout: 'PT3M' },
      removals: { allow: 'x'.repeat(40) },
      token: 'not to be shown',
    });
    expect(readings.map(r => r.error?.message)).toMatchInlineSnapshot(`
     [
       "The configuration of the Azure DevOps provider \`default\` has a mistake:
       - Expected an id of your choice under \`catalog.providers.azureDevOps\`, got the keys of a provider: \`organization\`, \`project\`, \`schedule\`, \`removals\`, \`token\`; put these keys under an id, such as \`main\`:
           catalog:
             providers:
               azureDevOps:
                 main:
                   organization: contoso
                   project:
                     - My Project
                     - pay-*
                   schedule:
                     frequency:
                       minutes: 30
                     timeout: PT3M
                   removals:
                     allow: …
                   token: …",
     ]
    `);
  });

  it('keeps the blocks that have an id beside keys that have none', () => {
    const readings = readingsOf({
      path: '/catalog-info.yml',
      main: { organization: 'contoso' },
      // An id may be the name of a key.
      schedule: { organization: 'fabrikam' },
    });
    expect(
      readings.map(({ id, error }) => [id, error?.mistakes.length ?? 0]),
    ).toEqual([
      ['default', 1],
      ['main', 0],
      ['schedule', 0],
    ]);
    expect(readings[0]?.error?.message).toContain(
      'such as `azure`:\n      catalog:\n        providers:\n          azureDevOps:\n            azure:\n              path: /catalog-info.yml',
    );
  });

  it('is not lost where a block has the id that keys without one are reported under', () => {
    const readings = readingsOf({
      path: '/catalog-info.yml',
      default: { organization: 'contoso', brunch: 'main' },
    });
    expect(readings.map(({ id, error }) => [id, error?.mistakes])).toEqual([
      [
        'default',
        [
          expect.stringMatching(/^Expected an id of your choice/),
          expect.stringMatching(/brunch`; did you mean `branch`\?$/),
        ],
      ],
    ]);
  });

  it('says that the backend does not start for it, and how the other providers start, with the mistakes of all blocks', () => {
    const errors = readingsOf({
      main: { organisation: 'contoso' },
      other: { organization: 'contoso', verifyEvery: 'sometimes' },
      right: { organization: 'contoso' },
    }).flatMap(({ error }) => (error ? [error] : []));
    expect(describeAllMistakes(errors, 'the-module')).toMatchInlineSnapshot(`
     "The configuration of the providers \`main\` and \`other\` of Azure DevOps has 3 mistakes, and the backend does not start until they are corrected. No entity is removed for it:
       - Unknown key \`catalog.providers.azureDevOps.main.organisation\`; did you mean \`organization\`?
       - Expected \`catalog.providers.azureDevOps.main.organization\` to be the name of an organization (for Azure DevOps Server: of a collection), got nothing
       - Expected \`catalog.providers.azureDevOps.other.verifyEvery\` to be a duration above 0, such as \`{ minutes: 30 }\`, \`30 minutes\` or \`PT30M\`, got \`"sometimes"\` (string)
     To start meanwhile without the providers \`main\` and \`other\`, their entities staying as they are, set \`backend.startup.plugins.catalog.modules.the-module.onPluginModuleBootFailure: continue\`"
    `);
    expect(describeAllMistakes(errors.slice(1), 'the-module')).toContain(
      'The configuration of the provider `other` of Azure DevOps has a mistake, and the backend does not start until it is corrected.',
    );
  });

  it('says what an id may look like when it is none', () => {
    const [reading] = readingsOf({ 'my.org': { organization: 'contoso' } });
    expect(reading?.error?.mistakes).toMatchInlineSnapshot(`
     [
       "Expected the id in \`catalog.providers.azureDevOps.my.org\` to begin with a letter and to consist of letters and digits, in groups separated by one \`-\`, \`_\` or \`:\` each, as Backstage's configuration has it",
     ]
    `);
  });

  it('does not show what may be a token, wherever it was put', () => {
    const token = fc.string({
      unit: fc.constantFrom(
        ...'abcdefghijklmnopqrstuvwxyzABCXYZ0123456789~._-',
      ),
      minLength: 40,
      maxLength: 84,
    });
    const places: Array<(token: string) => JsonValue> = [
      t => t,
      t => ({ organization: t }),
      t => ({ organization: `https://me:${t}@dev.azure.com/x` }),
      t => ({ organization: `https://${t}@dev.azure.com/contoso` }),
      t => ({ host: `${t}@dev.azure.com`, organization: 'x' }),
      t => ({ host: `https://x:${t}@dev.azure.com`, organization: 'x' }),
      t => ({ organization: 'x', token: t }),
      t => ({ organization: 'x', unheardOf: { token: t } }),
      t => ({ organization: 'x', project: [`/${t}`] }),
      t => ({ organization: 'x', branch: `${t} x` }),
      t => ({ organization: 'x', path: `https://x:${t}@y/z` }),
      t => ({ organization: 'x', schedule: { frequency: t, timeout: t } }),
      t => ({ organization: 'x', removals: { maxPercentage: t } }),
      t => ({ organization: 'x', skipForkedRepos: t, verifyEvery: t }),
    ];
    fc.assert(
      fc.property(token, fc.constantFrom(...places), (secret, place) => {
        const messages = mistakesOf(place(secret)).join('\n');
        for (let at = 0; at + 12 <= secret.length; at += 4) {
          expect(messages).not.toContain(secret.slice(at, at + 12));
        }
      }),
    );
  });
});

describe('a block that stands beside catalog.providers.azureDevOps', () => {
  const block = { organization: 'contoso' };

  it.each<[string, JsonObject]>([
    [
      'catalog.providers.azureDevops',
      { providers: { azureDevops: { block } } },
    ],
    [
      'catalog.providers.azuredevops',
      { providers: { azuredevops: { block } } },
    ],
    [
      'catalog.providers.azure-devops',
      { providers: { 'azure-devops': { block } } },
    ],
    [
      'catalog.providers.azure_dev_ops',
      { providers: { azure_dev_ops: { block } } },
    ],
    [
      'catalog.providers.AzureDevOps',
      { providers: { AzureDevOps: { block } } },
    ],
    ['catalog.providers.azureDevOp', { providers: { azureDevOp: { block } } }],
    ['catalog.providers.azurDevOps', { providers: { azurDevOps: { block } } }],
    ['catalog.provider.azureDevOps', { provider: { azureDevOps: { block } } }],
    [
      'catalog.Providers.azuredevops',
      { Providers: { azuredevops: { block } } },
    ],
    [
      'catalog.azureDevOps',
      { azureDevOps: { urlReader: { enabled: true }, block } },
    ],
  ])('is a mistake that names the right key: %s', (key, catalog) => {
    const config = new ConfigReader({ catalog });
    const message = `Unknown key \`${key}\`; did you mean \`catalog.providers.azureDevOps\`?`;
    expect(
      readProviderConfigs(config).map(({ id, providerName, error }) => ({
        id,
        providerName,
        mistakes: error?.mistakes,
      })),
    ).toEqual([
      {
        id: 'block',
        // That of the right key, so that the catalog does not remove its entities.
        providerName: 'AzureDevOpsEntityProvider:block',
        mistakes: [message],
      },
    ]);
  });

  it('is one where catalog is left out above providers', () => {
    const config = new ConfigReader({ providers: { azureDevOps: { block } } });
    expect(readProviderConfigs(config)[0]?.error?.message).toContain(
      'Unknown key `providers.azureDevOps`; did you mean `catalog.providers.azureDevOps`?',
    );
  });

  it('is one without an id, too', () => {
    const config = new ConfigReader({
      catalog: { providers: { azuredevops: block } },
    });
    expect(readProviderConfigs(config)).toMatchObject([
      { id: 'default', error: expect.any(Error) },
    ]);
  });

  it('leaves the providers under the right key alone, but for those of the same id', () => {
    const config = new ConfigReader({
      catalog: {
        providers: {
          azureDevOps: { good: block, both: block, bad: {} },
          azureDevops: { both: block, bad: block, other: block },
        },
      },
    });
    expect(
      readProviderConfigs(config).map(({ id, error }) => [
        id,
        error?.mistakes.length ?? 0,
      ]),
    ).toEqual([
      ['good', 0],
      ['both', 1],
      ['bad', 2],
      ['other', 1],
    ]);
  });

  it.each<[JsonObject]>([
    [{ catalog: { providers: { github: { block }, azureBlob: { block } } } }],
    [{ catalog: { providers: { microsoftGraphOrg: { block }, ado: block } } }],
    [{ catalog: { processors: { azureDevOps: { block } } } }],
    [{ catalog: { providers: { azuredevops: null, 'azure-devops': {} } } }],
    [{ catalog: { azureDevOps: { urlReader: { enabled: false } } } }],
    // Of the Azure DevOps plugin that shows pipelines.
    [{ azureDevOps: { host: 'dev.azure.com', organization: 'contoso' } }],
    [{ catalog: 7 }],
  ])('is not seen in the keys of others: %j', data => {
    const seen = readProviderConfigs(new ConfigReader(data)).filter(
      ({ error }) => error?.message.includes('did you mean'),
    );
    expect(seen).toEqual([]);
  });
});

describe('a key under catalog.azureDevOps that nobody reads', () => {
  it.each<[JsonObject | string, string[]]>([
    [{ urlReader: { enabled: true }, events: { ingress: {} } }, []],
    [
      { urlreader: { enabled: false } },
      [
        'Unknown key `catalog.azureDevOps.urlreader`; did you mean `urlReader`?',
      ],
    ],
    [
      { events: { ingres: { username: 'x' } } },
      [
        'Unknown key `catalog.azureDevOps.events.ingres`; did you mean `ingress`?',
      ],
    ],
    [
      { organization: 'contoso' },
      [
        'Unknown key `catalog.azureDevOps.organization`; expected one of `urlReader`, `events`',
      ],
    ],
    // A provider of its own, which is told of as such.
    [{ main: { organization: 'contoso' } }, []],
    ['contoso', []],
  ])('is named with what was probably meant: %j', (azureDevOps, expected) => {
    const config = new ConfigReader({ catalog: { azureDevOps } });
    expect(describeUnreadKeys(config)).toEqual(expected);
  });
});
