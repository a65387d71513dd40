import type { JsonObject } from '@backstage/types';
import type { Repository } from '../../dev/simulator';
import { REASONS } from '../../src/policy/explain';
import { loadProgram, runOn, steady } from '../cli/terminal';
import {
  addReadableOrganization,
  component,
  IDENTITY,
  setStage,
  type Stage,
  TOKEN,
} from '../e2e/support';
import type { TestCatalog } from '../support/backend';
import { withEnvironment } from '../support/with-environment';
import { until } from '../support/until';
import { actionsOf, Api, DESPITE_MISTAKES, guarded, TOKENS } from './support';

// A company that has one of each reason, and one backend that is asked about all
// of it in every way.

const PROVIDERS: Record<string, JsonObject> = {
  main: {
    organization: 'contoso',
    exclude: { project: 'Archive', repository: 'old-*' },
    skipForkedRepos: true,
  },
  typo: { organization: 'tailspin', repository: 'sevrice-1' },
  branch: { organization: 'fourth', branch: 'mian' },
  held: {
    organization: 'fabrikam',
    removals: { minimum: 0, maxConfirmedPercentage: 0 },
  },
  wrong: { organisation: 'contoso' },
};
const INTEGRATIONS: JsonObject = {
  azure: [
    { host: 'dev.azure.com', credentials: [{ personalAccessToken: TOKEN }] },
  ],
};

const program = loadProgram();
let stage: Stage;
let catalog: TestCatalog;
let api: Api;
const repositories = new Map<string, Repository>();

/** What is true of each repository of the company, by `organization/project/name`. */
const TRUTH: Record<string, { reason: string; cause: RegExp }> = {
  'contoso/Cross Team/fine': {
    reason: 'in-catalog',
    cause:
      /^component:default\/fine is in the catalog, from \/catalog-info\.yaml of Cross Team\/fine on the branch "main", object [0-9a-f]{12}, as of \S+Z$/,
  },
  'contoso/Cross Team/yml': {
    reason: 'no-descriptor',
    cause:
      /main\.path` \("\/catalog-info\.yaml"\) finds no file in Cross Team\/yml on the branch "main", as of/,
  },
  'contoso/Cross Team/broken': {
    reason: 'rejected',
    cause:
      /^\/catalog-info\.yaml of Cross Team\/broken: document 1, line 5, column \d+: /,
  },
  'contoso/Cross Team/people': {
    reason: 'forbidden',
    cause:
      /document 1.*user:default\/mallory is of a kind that catalog\.rules does not allow/,
  },
  'contoso/Cross Team/twin': {
    reason: 'duplicate',
    cause:
      /^component:default\/fine is defined by https:\/\/dev\.azure\.com\/contoso\/Cross%20Team\/_git\/fine\?path=\/catalog-info\.yaml, which is in the catalog, and by https:\/\/dev\.azure\.com\/contoso\/Cross%20Team\/_git\/twin/,
  },
  'contoso/Cross Team/off': {
    reason: 'disabled',
    cause: /^Cross Team\/off is disabled/,
  },
  'contoso/Cross Team/blank': {
    reason: 'empty',
    cause: /^Cross Team\/blank is empty: it has no default branch$/,
  },
  'contoso/Cross Team/fork': {
    reason: 'deselected',
    cause: /main\.skipForkedRepos` leaves out Cross Team\/fork: it is a fork$/,
  },
  'contoso/Cross Team/old-one': {
    reason: 'deselected',
    cause:
      /main\.exclude\.repository` \("old-\*"\) leaves out the repository "old-one"$/,
  },
  'contoso/Archive/past': {
    reason: 'deselected',
    cause:
      /main\.exclude\.project` \("Archive"\) leaves out the project "Archive"$/,
  },
  'contoso/Cross Team/secret': {
    reason: 'not-visible',
    cause:
      /^Cross Team\/secret does not exist under this name, or is not visible to the identity: what may not be read is left out without a word$/,
  },
  'contoso/Fresh/coming': {
    reason: 'project-not-ready',
    cause: /^The project of Fresh\/coming is in the state "createPending"/,
  },
  'contoso/Cross Team/locked': {
    reason: 'unknown',
    cause: /^Cross Team\/locked could not be read and never could: /,
  },
  'contoso/Cross Team/late': {
    reason: 'not-yet',
    cause: /^Cross Team\/late is selected, and has not been looked at yet$/,
  },
  'tailspin/P/service-1': {
    reason: 'deselected',
    cause:
      /typo\.repository` \("sevrice-1"\) does not select the repository "service-1"; did you mean "service-1"\?$/,
  },
  'fourth/P/trunk': {
    reason: 'no-descriptor',
    cause:
      /branch\.path` .* finds no file in P\/trunk on the branch "mian", as of/,
  },
  'fabrikam/P/leaving': {
    reason: 'held-back',
    cause:
      /^component:default\/leaving is in the catalog, and about to leave it, because the repository is disabled; its removal is held back, since 1 of 1 entity would go \(100 %\), and 0 % may at once$/,
  },
};

beforeAll(async () => {
  stage = await setStage();
  const { simulator } = stage;
  const add = (
    key: string,
    project: ReturnType<
      ReturnType<typeof addReadableOrganization>['addProject']
    >,
    options: Parameters<typeof project.addRepository>[1] = {},
  ) => {
    const name = key.slice(key.lastIndexOf('/') + 1);
    const repository = project.addRepository(name, options);
    repositories.set(key, repository);
    return repository;
  };
  const descriptor = (text: string) => ({
    files: { '/catalog-info.yaml': text },
  });

  const contoso = addReadableOrganization(simulator, 'contoso');
  const team = contoso.addProject('Cross Team');
  const inTeam = (name: string, options?: Parameters<typeof add>[2]) =>
    add(`contoso/Cross Team/${name}`, team, options);
  const fine = inTeam('fine', descriptor(component('fine')));
  inTeam('yml', {
    files: {
      '/catalog-info.yml': component('yml'),
      '/docs/Catalog-Info.yaml': component('cased'),
    },
  });
  inTeam(
    'broken',
    descriptor('apiVersion: a\nkind: b\nmetadata:\n  name: {\n'),
  );
  inTeam(
    'people',
    descriptor(
      'apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: mallory\nspec:\n  memberOf: []\n',
    ),
  );
  inTeam('off', descriptor(component('off'))).disable();
  inTeam('blank');
  inTeam('fork', { parent: fine, ...descriptor(component('fork')) });
  inTeam('old-one', descriptor(component('old-one')));
  inTeam('secret', descriptor(component('secret')));
  inTeam('locked', descriptor(component('locked')));
  add(
    'contoso/Archive/past',
    contoso.addProject('Archive'),
    descriptor(component('past')),
  );
  const project = contoso.addProject('Fresh');
  add('contoso/Fresh/coming', project, descriptor(component('coming')));
  project.setState('createPending');
  contoso.revoke(IDENTITY, { repositories: ['secret'] });
  simulator.inject({
    match: { endpoint: 'items', repository: 'locked' },
    fault: 'forbidden',
  });
  const other = (organization: string, name: string) =>
    add(
      `${organization}/P/${name}`,
      addReadableOrganization(simulator, organization).addProject('P'),
      descriptor(component(name)),
    );
  other('tailspin', 'service-1');
  other('fourth', 'trunk');
  const leaving = other('fabrikam', 'leaving');

  catalog = await stage.catalog(
    guarded({
      providers: PROVIDERS,
      config: { backend: { startup: DESPITE_MISTAKES } },
    }),
  );
  api = new Api(catalog, 'reader');
  await catalog.refresh('main');
  // Of two that define the same, the first is in the catalog.
  inTeam('twin', descriptor(component('fine')));
  for (const id of ['main', 'held', 'typo', 'branch']) {
    await catalog.refresh(id);
  }
  leaving.disable();
  await catalog.refresh('held');
  inTeam('late', descriptor(component('late')));
});
afterAll(async () => await stage.stop());

interface Answer {
  readonly reason: string;
  readonly provider?: string;
  readonly cause: string;
  readonly cure: string;
  readonly docs: string;
  readonly message: string;
  readonly facts: Record<string, unknown>;
}

async function ask(query: Record<string, string>): Promise<Answer[]> {
  const { status, body } = await api.get(
    `/explain?${new URLSearchParams(query)}`,
  );
  expect(status).toBe(200);
  return body.answers as Answer[];
}

/** The one answer to a question. */
async function answerTo(query: Record<string, string>): Promise<Answer> {
  const [answer, ...others] = await ask(query);
  expect(others).toEqual([]);
  return answer!;
}

/** The URLs of a repository in five forms, and of its descriptor. */
function urlsOf(key: string): string[] {
  const [organization = '', project = '', name = ''] = key
    .split('/')
    .map(encodeURIComponent);
  const { id } = repositories.get(key)!;
  return [
    `https://dev.azure.com/${organization}/${project}/_git/${name}`,
    `https://someone@dev.azure.com/${organization}/${project}/_git/${name}`,
    `git@ssh.dev.azure.com:v3/${organization}/${project}/${name}`,
    `https://${organization}.visualstudio.com/DefaultCollection/${project}/_git/${name.toUpperCase()}`,
    `https://dev.azure.com/${organization}/${project}/_apis/git/repositories/${id}`,
    `https://dev.azure.com/${organization}/${project}/_git/${name}?path=/catalog-info.yaml`,
  ];
}

/** A cause with the name of its repository, where it has the one that it was asked for by. */
function named(cause: string, key: string): string {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return cause
    .replaceAll(repositories.get(key)!.id, name)
    .replaceAll(name.toUpperCase(), name);
}

/** Names of other repositories of the company that a text has. */
function othersIn(text: string, key: string): string[] {
  return [...repositories.keys()]
    .filter(it => it !== key)
    .map(it => it.slice(it.lastIndexOf('/') + 1))
    .filter(
      name =>
        !key.endsWith(`/${name}`) && new RegExp(`[/ "]${name}\\b`).test(text),
    );
}

describe('Why a repository is in the catalog, or is not,', () => {
  it.each(Object.entries(TRUTH))(
    'is answered with the truth by five forms of its URL: %s',
    async (key, { reason, cause }) => {
      const [url = '', ...forms] = urlsOf(key);
      const answer = await answerTo({ url });
      expect(answer).toMatchObject({
        reason,
        cause: expect.stringMatching(cause),
        docs: expect.stringMatching(`/docs/explain\\.md#${reason}$`),
      });
      expect(answer.cure).not.toBe('');
      for (const form of forms.slice(0, -1)) {
        const other = await answerTo({ url: form });
        expect({ form, cause: named(other.cause, key) }).toEqual({
          form,
          cause: named(answer.cause, key),
        });
      }
      // It names nobody else, but for who has the reference.
      expect(othersIn(JSON.stringify(answer), key)).toEqual(
        reason === 'duplicate' ? ['fine'] : [],
      );
    },
  );

  it('is answered for its file', async () => {
    for (const [key, { reason }] of Object.entries(TRUTH)) {
      const answer = await answerTo({ url: urlsOf(key).at(-1) ?? '' });
      expect({ key, reason: answer.reason }).toEqual({ key, reason });
    }
    const [url] = urlsOf('contoso/Cross Team/fine');
    expect(
      await answerTo({ url: `${url}?path=/catalog-info.yml` }),
    ).toMatchObject({
      reason: 'deselected',
      cause: expect.stringMatching(
        /main\.path` \("\/catalog-info\.yaml"\) does not ask for \/catalog-info\.yml; did you mean "\/catalog-info\.yaml"\?$/,
      ),
    });
    expect(
      await answerTo({
        url: `${url}?path=/catalog-info.yaml&version=GBfeature`,
      }),
    ).toMatchObject({
      reason: 'deselected',
      facts: { branch: 'main' },
    });
    // What is no descriptor counts as its repository.
    expect(await answerTo({ url: `${url}?path=/README.md` })).toMatchObject({
      reason: 'in-catalog',
    });
  });

  it('is answered in the same words for the entity that it gives', async () => {
    for (const [name, key] of [
      ['fine', 'contoso/Cross Team/fine'],
      ['leaving', 'fabrikam/P/leaving'],
    ]) {
      const [url = ''] = urlsOf(key ?? '');
      const { cause, cure } = await answerTo({ url });
      for (const entityRef of [
        `component:default/${name}`,
        `Component:${name?.toUpperCase()}`,
      ]) {
        expect(await answerTo({ entityRef })).toMatchObject({ cause, cure });
      }
    }
    expect(
      await answerTo({ entityRef: 'component:default/late' }),
    ).toMatchObject({
      reason: 'no-such-entity',
      cause: 'No descriptor that is known gives component:default/late',
    });
  });

  it('is answered where no provider reads the organization, with the near miss, and what is wrong with a provider', async () => {
    expect(
      await ask({ url: 'https://dev.azure.com/contosoo/P/_git/x' }),
    ).toMatchObject([
      {
        reason: 'no-provider',
        cause: expect.stringMatching(
          /did you mean "dev\.azure\.com\/contoso"\?$/,
        ),
      },
      {
        reason: 'misconfigured',
        provider: 'wrong',
        cause: expect.stringContaining('organisation'),
      },
    ]);
    for (const url of [
      'https://github.com/contoso/x',
      'https://dev.azure.com/contoso/Cross%20Team/_wiki',
      'x',
    ]) {
      expect(await answerTo({ url })).toMatchObject({
        reason: 'unsupported-url',
      });
    }
  });

  it('is seen anew when it is asked for: what lies there instead, and what has come', async () => {
    const fresh = async (key: string) =>
      await answerTo({ url: urlsOf(key)[0] ?? '', fresh: 'true' });
    expect(await fresh('contoso/Cross Team/yml')).toMatchObject({
      reason: 'no-descriptor',
      cause: expect.stringMatching(
        /; it has \/catalog-info\.yml and \/docs\/Catalog-Info\.yaml: did you mean that\?$/,
      ),
    });
    expect(await fresh('fourth/P/trunk')).toMatchObject({
      reason: 'no-descriptor',
      cause: expect.stringMatching(
        /branch\.branch` \("mian"\) is no branch of P\/trunk, whose default branch is "main"$/,
      ),
    });
    expect(await fresh('contoso/Cross Team/late')).toMatchObject({
      reason: 'not-yet',
      cause: expect.stringMatching(
        /gives component:default\/late, as was found just now/,
      ),
    });
    for (const [key, { reason }] of Object.entries(TRUTH)) {
      expect({ key, reason: (await fresh(key)).reason }).toEqual({
        key,
        reason,
      });
    }
  });

  it('costs no request where the ledger or the configuration has the answer, and one where they have not', async () => {
    const requests = () => stage.simulator.requests.count();
    const costOf = async (key: string) => {
      const before = requests();
      await answerTo({ url: urlsOf(key)[0] ?? '' });
      return requests() - before;
    };
    for (const name of ['fine', 'yml', 'broken', 'twin', 'old-one']) {
      expect(await costOf(`contoso/Cross Team/${name}`)).toBe(0);
    }
    for (const name of ['off', 'secret', 'late']) {
      expect(await costOf(`contoso/Cross Team/${name}`)).toBe(1);
    }
  });

  it('is looked at anew for four who ask at a time; the next is told so, and what is known', async () => {
    const [url = ''] = urlsOf('contoso/Cross Team/fine');
    const known = `/explain?url=${encodeURIComponent(url)}`;
    const fresh = async () => await api.get(`${known}&fresh=true`);
    let begun = 0;
    let goOn = () => {};
    const mayGoOn = new Promise<void>(resolve => {
      goOn = resolve;
    });
    const gate = stage.simulator.inject({
      match: { endpoint: 'repository', organization: 'contoso' },
      response: async (_request, proceed) => {
        begun += 1;
        await mayGoOn;
        return await proceed();
      },
    });
    const four = Promise.all([fresh(), fresh(), fresh(), fresh()]);
    await until('four looks to be under way', () => begun === 4);
    const next = await fresh();
    const answered = (await api.get(known)).status;
    goOn();
    gate.remove();
    expect(next).toMatchObject({
      status: 503,
      body: {
        error: {
          message: expect.stringMatching(
            /^4 fresh looks .*What to do: .* without `fresh`/,
          ),
        },
      },
    });
    expect(answered).toBe(200);
    expect((await four).map(({ status }) => status)).toEqual(
      Array.from({ length: 4 }, () => 200),
    );
    expect((await fresh()).status).toBe(200);
  });

  it('needs one question, the permission, and a token', async () => {
    expect((await api.get('/explain')).status).toBe(400);
    const [url = ''] = urlsOf('contoso/Cross Team/secret');
    const query = `/explain?url=${encodeURIComponent(url)}`;
    expect((await api.get(`${query}&entityRef=component:x`)).status).toBe(400);
    expect((await api.get(`${query}&fresh=maybe`)).status).toBe(400);
    expect((await api.get('/explain?entityRef=nothing')).status).toBe(400);
    const denied = await new Api(catalog, 'other').get(query);
    expect(denied.status).toBe(403);
    expect(JSON.stringify(denied.body.error)).not.toContain('secret');
    expect((await new Api(catalog, null).get(query)).status).toBe(401);
  });
});

it('The action answers as the HTTP API does, for every repository', async () => {
  const actions = actionsOf(catalog);
  for (const key of Object.keys(TRUTH)) {
    const [url = ''] = urlsOf(key);
    const name = 'explain-azure-devops-repository';
    expect(await actions.invoke(name, { url }, 'reader')).toEqual({
      status: 200,
      body: { output: { answers: await ask({ url }) } },
    });
  }
});

describe('azure-devops-catalog explain', () => {
  const config = (): JsonObject => ({
    backend: { baseUrl: catalog.baseUrl },
    integrations: INTEGRATIONS,
    catalog: { providers: { azureDevOps: PROVIDERS } },
  });
  const explain = async (
    args: string[],
    token: string | undefined = TOKENS.reader,
  ) => {
    const restore = withEnvironment({ BACKSTAGE_TOKEN: token });
    try {
      return await runOn(program, config(), ['explain', ...args], {
        columns: 80,
      });
    } finally {
      restore();
    }
  };

  it('says in the same words what the backend says, for every repository', async () => {
    for (const key of Object.keys(TRUTH)) {
      const [url = ''] = urlsOf(key);
      const { cause, cure, docs, provider, reason } = await answerTo({ url });
      const { stdout, code } = await explain([url]);
      expect(stdout.replaceAll(/\s+/g, ' ').trim()).toBe(
        `${provider}: ${cause}${cause.endsWith('?') ? '' : '.'} What to do: ${cure}. More: ${docs}`.replaceAll(
          /\s+/g,
          ' ',
        ),
      );
      expect(code).toBe(reason === 'in-catalog' ? 0 : 1);
    }
  });

  it('says from the configuration alone what a refresh would find, in the same words where that is the same', async () => {
    const differing: string[] = [];
    for (const [key, { reason }] of Object.entries(TRUTH)) {
      const [url = ''] = urlsOf(key);
      const fresh = await answerTo({ url, fresh: 'true' });
      const { stdout } = await explain([url, '--from-configuration', '--json']);
      const [answer] = (JSON.parse(stdout) as { answers: Answer[] }).answers;
      if (answer?.cause !== fresh.cause) {
        differing.push(`${key}: ${reason}, ${answer?.reason}`);
      }
    }
    // What only a ledger tells.
    expect(differing).toEqual([
      'contoso/Cross Team/fine: in-catalog, readable',
      'contoso/Cross Team/twin: duplicate, readable',
      'contoso/Cross Team/locked: unknown, unknown',
      'contoso/Cross Team/late: not-yet, readable',
      'fabrikam/P/leaving: held-back, disabled',
    ]);
  });

  it('looks like this on a terminal of 80 columns', async () => {
    const shown: string[] = [];
    const show = async (args: string[], token?: string) => {
      const { stdout, stderr, code } = await explain(args, token);
      const lines = `${stdout}${stderr}`.split('\n');
      for (const line of lines) {
        // A key or an address stays in one piece.
        if (/\S \S/.test(line.trim())) expect(line.length).toBeLessThan(120);
      }
      shown.push(`$ explain ${args.join(' ')}\n${stdout}${stderr}(${code})\n`);
    };
    for (const key of Object.keys(TRUTH)) {
      await show([urlsOf(key)[0] ?? '']);
    }
    const [yml = '', fine = ''] = ['yml', 'fine'].map(
      name => urlsOf(`contoso/Cross Team/${name}`)[0],
    );
    await show([yml, '--fresh']);
    await show([fine, '--from-configuration']);
    await show(['component:default/none']);
    await show(['https://dev.azure.com/contosoo/P/_git/x']);
    await show(['https://github.com/contoso/x']);
    await show(['component:default/fine', '--from-configuration']);
    await show([fine], 'wrong');
    await show([fine], TOKENS.other);
    await show([fine, '--backend', `${catalog.baseUrl}/elsewhere`], '');
    const steadied = steady(shown.join('\n'))
      .replaceAll(/object [0-9a-f]{12}/g, 'object 0123456789ab')
      .replaceAll(/'[0-9a-f]{12}'/g, "'0123456789ab'")
      .replaceAll(/YYYY-MM-DDTHH:MM:SSZ/g, '2026-11-28T12:00:00Z');
    expect(steadied).toMatchSnapshot();
  });
});

it('The log of a refresh that found nothing names the key in the words of the answer', async () => {
  const warnings = catalog.logs
    .filter(({ level }) => level === 'warn')
    .map(({ message }) => message);
  for (const [id, key] of [
    ['typo', 'tailspin/P/service-1'],
    ['branch', 'fourth/P/trunk'],
  ]) {
    const { cause } = await answerTo({
      url: urlsOf(key ?? '')[0] ?? '',
      fresh: 'true',
    });
    const [named = ''] = /^`[^`]+` \([^)]+\)/.exec(cause) ?? [];
    expect(named).toContain(`catalog.providers.azureDevOps.${id}.`);
    expect(warnings).toContainEqual(expect.stringContaining(named));
  }
});

it('The company has one of each reason', () => {
  const elsewhere = [
    'unsupported-url',
    'no-provider',
    'misconfigured',
    'no-such-entity',
    'readable',
  ];
  const seen = new Set([
    ...Object.values(TRUTH).map(({ reason }) => reason),
    ...elsewhere,
  ]);
  expect([...seen].sort()).toEqual([...REASONS].sort());
});
