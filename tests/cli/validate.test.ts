import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { writeValidation } from '../../src/cli/validate-output';
import { withEnvironment } from '../support/with-environment';
import { loadProgram, run, runOn } from './terminal';

const program = loadProgram();

let root: string;
let restore: () => void;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'checkout-')));
  restore = withEnvironment({
    // No checkout above the temporary folder counts, and nothing of the machine that runs the tests.
    GIT_CEILING_DIRECTORIES: dirname(root),
    BUILD_REPOSITORY_URI: undefined,
    SYSTEM_COLLECTIONURI: undefined,
  });
});

afterEach(() => {
  restore();
  rmSync(root, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

function git(...args: string[]): void {
  execFileSync('git', ['-C', root, ...args]);
}

/** A checkout of a repository in Azure DevOps. */
function clone(url = 'https://dev.azure.com/contoso/Payments/_git/api'): void {
  git('init', '--quiet');
  git('remote', 'add', 'origin', url);
}

function entity(kind: string, name: string, spec: string): string {
  return [
    'apiVersion: backstage.io/v1alpha1',
    `kind: ${kind}`,
    'metadata:',
    `  name: ${name}`,
    `spec: ${spec}`,
    '',
  ].join('\n');
}

const COMPONENT = '{type: service, lifecycle: production, owner: team-a}';
const component = (name: string) => entity('Component', name, COMPONENT);
const api = (name: string, definition: string) =>
  entity(
    'API',
    name,
    `{type: openapi, lifecycle: production, owner: team-a, definition: ${definition}}`,
  );

interface Json {
  readonly repository: string | null;
  readonly rules: string;
  readonly errors: number;
  readonly warnings: number;
  readonly files: ReadonlyArray<{
    path: string;
    entities: string[];
    findings: Array<{
      severity: string;
      line?: number;
      column?: number;
      entityRef?: string;
      message: string;
    }>;
  }>;
}

async function validate(...args: string[]): Promise<Json & { code: number }> {
  const places = args[0]?.startsWith(root) ? [] : [root];
  const { code, stdout, stderr } = await run(program, [
    'validate',
    ...places,
    ...args,
    '--json',
  ]);
  expect(stderr).toBe('');
  return { ...(JSON.parse(stdout) as Json), code };
}

/** What is said of each file. */
function messages({ files }: Json): Record<string, string[]> {
  return Object.fromEntries(
    files.map(({ path, findings }) => [
      path,
      findings.map(({ severity, line, column, entityRef, message }) =>
        [severity, [line, column].filter(Boolean).join(':'), entityRef, message]
          .filter(Boolean)
          .join(' '),
      ),
    ]),
  );
}

describe('validate', () => {
  it('shows on 80 columns what is wrong, where, and what to do', async () => {
    clone();
    write({
      'catalog-info.yaml': [
        component('payments').replace(', owner: team-a', ''),
        entity('Group', 'team-a', '{type: team, children: []}'),
        entity('Location', 'all', '{targets: [./services/pay.yaml]}'),
        `${component('4711')}`,
        'kind: [Component',
      ].join('---\n'),
      'services/pay/catalog-info.yaml': [
        api('pay', '{$text: ./API.yaml}'),
        component('payments'),
        'apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: new}\nspec: {type: service}\n',
      ].join('---\n'),
      'services/pay/api.yaml': 'openapi: 3.0.0\n',
      'services/bare/catalog-info.yaml': component('bare'),
    });
    const shown = await run(program, ['validate', root]);
    expect(shown).toMatchObject({ code: 1, stderr: '' });
    expect(shown.stdout).toMatchSnapshot();
    const lines = shown.stdout.split('\n').map(line => line.length);
    expect(Math.max(...lines)).toBeLessThanOrEqual(80);
  });

  it('says that nothing is wrong, or that nothing was found, with exit code 0', async () => {
    const nothing = await run(program, ['validate', root]);
    expect(nothing).toMatchObject({ code: 0, stderr: '' });
    expect(nothing.stdout).toMatchSnapshot('nothing found');
    write({ 'catalog-info.yaml': component('a') });
    const rules = { catalog: { rules: [{ allow: ['Component'] }] } };
    clone();
    const good = await runOn(program, rules, ['validate', root]);
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toMatchSnapshot('nothing wrong');
  });

  it('says of a place that is not there what is expected', async () => {
    for (const place of ['catalog-inf.yaml', 'typo/catalog-info.yaml']) {
      const { code, stderr } = await run(program, [
        'validate',
        join(root, place),
      ]);
      expect(code).toBe(2);
      expect(stderr.replace(/\s+/g, ' ')).toMatch(
        /^error: Expected .*\.yaml to be a file/,
      );
    }
  });

  it('prints its help within 80 columns', async () => {
    const { code, stdout } = await run(program, ['validate', '--help']);
    expect(code).toBe(0);
    const lines = stdout.split('\n').map(line => line.length);
    expect(Math.max(...lines)).toBeLessThanOrEqual(80);
    expect(stdout).toMatchSnapshot();
  });

  it.each([
    [['nothing.yaml'], 'to be a file, a folder'],
    [['../elsewhere.yaml'], 'to be a file or folder in the checkout'],
    [['--repository', 'https://github.com/a/b'], 'host'],
    [['--format', 'checkstyle'], 'Allowed choices are text, azure-pipelines'],
  ])('ends with exit code 2 for %j', async (args, words) => {
    clone();
    write({ 'catalog-info.yaml': component('a') });
    const [first = ''] = args;
    const named = first.startsWith('--')
      ? [root, ...args]
      : [root, join(root, first)];
    const { code, stdout, stderr } = await run(program, ['validate', ...named]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.replace(/\s+/g, ' ')).toContain(words);
  });

  it('looks at every catalog-info.yaml but those that Git ignores and those of installed packages', async () => {
    clone();
    write({
      '.gitignore': 'build\n',
      'catalog-info.yaml': component('root'),
      'a/b/catalog-info.yaml': component('deep'),
      'build/catalog-info.yaml': 'a: [b',
      'node_modules/x/catalog-info.yaml': 'a: [b',
      'a/other.yaml': component('other'),
    });
    const paths = ({ files }: Json) => files.map(({ path }) => path);
    const both = ['a/b/catalog-info.yaml', 'catalog-info.yaml'];
    expect(paths(await validate())).toEqual(both);
    expect(paths(await validate(join(root, 'a')))).toEqual(both.slice(0, 1));
    expect(paths(await validate(join(root, 'a', '*.yaml')))).toEqual([
      'a/other.yaml',
    ]);
    expect(paths(await validate(join(root, '**', '*-info.yaml')))).toEqual(
      both,
    );
    // What is named is looked at, ignored or not.
    expect(
      (await validate(join(root, 'build', 'catalog-info.yaml'))).code,
    ).toBe(1);
    rmSync(join(root, '.git'), { recursive: true });
    expect(paths(await validate())).toEqual([
      ...both.slice(0, 1),
      'build/catalog-info.yaml',
      ...both.slice(1),
    ]);
  });

  it('applies the rules of a configuration to the address that the files will have', async () => {
    write({
      'catalog-info.yaml': entity(
        'Group',
        'team',
        '{type: team, children: []}',
      ),
    });
    const config = join(root, 'rules.yaml');
    writeFileSync(
      config,
      JSON.stringify({
        // A secret that is not there is nobody's business here.
        integrations: {
          azure: [
            {
              host: 'dev.azure.com',
              credentials: [{ clientId: '${NOT_SET}' }],
            },
          ],
        },
        catalog: {
          rules: [
            { allow: ['Component'] },
            {
              allow: ['Group'],
              locations: [
                {
                  type: 'url',
                  pattern: 'https://dev.azure.com/contoso/Teams/**',
                },
              ],
            },
          ],
        },
      }),
    );
    const under = async (...args: string[]) => {
      const { code, rules, repository } = await validate(
        '--config',
        config,
        ...args,
      );
      return { code, rules, repository };
    };
    // What the rules allow depends on where the files will be.
    const nowhere = await run(program, ['validate', root, '--config', config]);
    expect(nowhere).toMatchObject({ code: 2, stdout: '' });
    expect(nowhere.stderr).toContain('--repository');
    const teams = 'https://dev.azure.com/contoso/Teams/_git/all';
    expect(await under('--repository', teams)).toEqual({
      code: 0,
      rules: 'checked',
      repository: teams,
    });
    clone('git@ssh.dev.azure.com:v3/contoso/Payments/api');
    expect(await under()).toEqual({
      code: 1,
      rules: 'checked',
      repository: 'https://dev.azure.com/contoso/Payments/_git/api',
    });
    // Without a configuration nobody knows the rules.
    expect(await validate()).toMatchObject({ code: 0, rules: 'not-checked' });
  });

  it('knows the repository in Azure Pipelines, on a Server too, and keeps no password of its address', async () => {
    write({ 'catalog-info.yaml': component('a') });
    restore();
    restore = withEnvironment({
      GIT_CEILING_DIRECTORIES: dirname(root),
      BUILD_REPOSITORY_URI:
        'https://user:secret@tfs.example.com:8080/tfs/Main/My%20Project/_git/api',
      SYSTEM_COLLECTIONURI: 'https://tfs.example.com:8080/tfs/Main/',
    });
    expect((await validate()).repository).toBe(
      'https://tfs.example.com:8080/tfs/Main/My%20Project/_git/api',
    );
  });

  it('reads what placeholders refer to as the catalog does, of the same repository alone', async () => {
    clone();
    const own = 'https://dev.azure.com/contoso/Payments/_git/api';
    write({
      'docs/catalog-info.yaml': [
        api('relative', '{$text: ./a b/ä.yaml}'),
        api('parent', '{$text: ../root.yaml}'),
        api('absolute', `{$text: "${own}?path=/root.yaml"}`),
        api('elsewhere', `{$text: "${own}2?path=/root.yaml"}`),
        api(
          'other-case',
          `{$text: "${own.toUpperCase().replace('HTTPS://DEV.AZURE.COM', 'https://dev.azure.com').replace('_GIT', '_git')}?path=/root.yaml"}`,
        ),
        api('github', '{$text: "https://github.com/a/b/blob/main/x.yaml"}'),
        api('web', '{$text: "https://example.com/x.yaml"}'),
        api('missing', '{$text: ./missing.yaml}'),
        api('folder', '{$text: "./a b"}'),
        api('no-text', '{$json: ./data.json}'),
        api('bundle', '{$openapi: ./openapi.yaml}'),
        api('bundle-broken', '{$asyncapi: ./broken-ref.yaml}'),
        api('two', '{$yaml: ./two.yaml}'),
        api('invalid', '{$json: ./two.yaml}'),
        api('foreign-key', '{$file: ./x}'),
        api('list', '{$text: [a]}'),
      ].join('---\n'),
      'docs/a b/ä.yaml': 'x',
      'root.yaml': 'x',
      'docs/data.json': '{"a": 1}',
      'docs/two.yaml': 'a: 1\n---\nb: 1\n',
      'docs/openapi.yaml':
        'a: {$ref: "../parts/a.yaml#/x"}\nb: {$ref: "#/a"}\n',
      'parts/a.yaml': 'x: {$ref: ./b.yaml}\n',
      'parts/b.yaml': 'y: {$ref: ./a.yaml}\n',
      'docs/broken-ref.yaml': 'a: {$ref: ../parts/c.yaml}\n',
    });
    const validation = await validate();
    expect(messages(validation)).toMatchSnapshot();
    expect(validation.files[0]?.entities).toEqual([
      'api:default/relative',
      'api:default/parent',
      'api:default/absolute',
      'api:default/other-case',
      'api:default/web',
      'api:default/bundle',
    ]);
  });

  it('follows links inside of the checkout, and reads nothing outside of it', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'outside-'));
    try {
      writeFileSync(join(outside, 'secret.yaml'), 'top: secret');
      clone();
      write({
        'real/api.yaml': 'x',
        'real/catalog-info.yaml': component('linked'),
        'a/catalog-info.yaml': [
          api('inside', '{$text: ./linked/api.yaml}'),
          api('outside', '{$text: ./outside/secret.yaml}'),
          api('relative', '{$text: ./up.yaml}'),
          api('round', '{$text: ./round.yaml}'),
          api('git', '{$text: ../.git/config}'),
          api('climbing', '{$text: ../../../../../../etc/passwd}'),
        ].join('---\n'),
      });
      symlinkSync('../real', join(root, 'a', 'linked'));
      symlinkSync(outside, join(root, 'a', 'outside'));
      symlinkSync(
        join('..', '..', outside.slice(dirname(root).length), 'secret.yaml'),
        join(root, 'a', 'up.yaml'),
      );
      symlinkSync('round.yaml', join(root, 'a', 'round.yaml'));
      mkdirSync(join(root, 'b'));
      symlinkSync(
        '../real/catalog-info.yaml',
        join(root, 'b', 'catalog-info.yaml'),
      );
      mkdirSync(join(root, 'c'));
      symlinkSync(
        join(outside, 'secret.yaml'),
        join(root, 'c', 'catalog-info.yaml'),
      );
      const validation = await validate();
      const text = JSON.stringify(messages(validation), null, 1);
      expect(text).not.toContain('top: secret');
      expect(
        text.replaceAll(outside.slice(tmpdir().length + 1), 'OUTSIDE'),
      ).toMatchSnapshot();
      expect(validation.files.map(({ entities }) => entities)).toEqual([
        ['api:default/inside'],
        ['component:default/linked'],
        [],
        ['component:default/linked'],
      ]);
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  it('runs no program that the configuration of a checkout names', async () => {
    const mark = join(root, 'ran');
    clone(`ext::touch ${mark}`);
    git('config', 'protocol.ext.allow', 'always');
    git('config', 'core.fsmonitor', `touch ${mark}; false`);
    // Of a partial clone without the object of a file that says what is ignored.
    const nothing = '1'.repeat(40);
    git('update-index', '--add', '--cacheinfo', `100644,${nothing},.gitignore`);
    git('update-index', '--skip-worktree', '.gitignore');
    git('config', 'core.repositoryFormatVersion', '1');
    git('config', 'extensions.partialClone', 'origin');
    git('config', 'remote.origin.promisor', 'true');
    // A bare repository is files like others, and may be committed.
    const bare = join(root, 'bare');
    execFileSync('git', ['init', '--quiet', '--bare', bare]);
    for (const [key, value] of [
      ['core.bare', 'false'],
      ['core.worktree', root],
      ['core.fsmonitor', `touch ${mark}; false`],
    ] as const) {
      execFileSync('git', ['config', '-f', join(bare, 'config'), key, value]);
    }
    write({
      'catalog-info.yaml': component('a'),
      'bare/catalog-info.yaml': component('b'),
    });
    // What made it may have run it.
    rmSync(mark, { force: true });
    for (const place of [root, bare]) {
      const { entities } = (await validate(place)).files[0]!;
      expect(entities).toHaveLength(1);
      expect(existsSync(mark)).toBe(false);
    }
  });

  it('is not stopped by a file that is too large, binary or missing', async () => {
    clone();
    write({
      'a/catalog-info.yaml': 'x'.repeat(17 * 1024 * 1024),
      'b/catalog-info.yaml': '\0\u0001\u0002',
      'c/catalog-info.yaml': '',
      'd/catalog-info.yaml': component('good'),
      'e/catalog-info.yaml': component('gone'),
    });
    git('add', '.');
    rmSync(join(root, 'e', 'catalog-info.yaml'));
    const validation = await validate();
    expect(messages(validation)).toEqual({
      'a/catalog-info.yaml': [
        'error the file cannot be read: it has 17,825,792 bytes, and at most 16,777,216 are read',
      ],
      'b/catalog-info.yaml': [expect.stringMatching(/^error/)],
      'c/catalog-info.yaml': [
        'warning the file has no document, and so gives no entity',
      ],
      'd/catalog-info.yaml': [],
    });
  });
});

describe('the lines for Azure Pipelines', () => {
  it('show each finding on its line of its file', async () => {
    clone();
    write({
      'a;b]/catalog-info.yaml': `${component('a').replace('owner', 'keeper')}---\nkind: 100%\n---\na: [b\n`,
    });
    const { code, stdout } = await run(program, [
      'validate',
      root,
      '--format',
      'azure-pipelines',
    ]);
    expect(code).toBe(1);
    const lines = stdout.trimEnd().split('\n');
    const commands = lines.flatMap(line => parseCommand(line) ?? []);
    expect(commands).toEqual([
      {
        command: 'task.logissue',
        properties: {
          type: 'error',
          sourcepath: 'a;b]/catalog-info.yaml',
          linenumber: '1',
        },
        message: 'component:default/a: spec.owner is missing',
      },
      {
        command: 'task.logissue',
        properties: {
          type: 'error',
          sourcepath: 'a;b]/catalog-info.yaml',
          linenumber: '7',
        },
        message: expect.stringContaining('apiVersion is missing'),
      },
      {
        command: 'task.logissue',
        properties: expect.objectContaining({
          sourcepath: 'a;b]/catalog-info.yaml',
          linenumber: expect.stringMatching(/^\d+$/),
          columnnumber: expect.stringMatching(/^\d+$/),
        }),
        message: expect.stringContaining('not valid YAML'),
      },
    ]);
    expect(lines.slice(commands.length).join('\n')).toMatchSnapshot();
  });

  it('parse by the documented grammar, whatever a file and its message have in them', () => {
    const text = fc.string({
      unit: fc.constantFrom(...';]%\r\n=[#:a ', '##vso[', '%0A', '%AZP25', 'é'),
    });
    fc.assert(
      fc.property(text, text, fc.nat(), (path, message, line) => {
        const written: string[] = [];
        const stdout = { write: (part: string) => written.push(part) };
        const finding = { severity: 'warning' as const, line, message };
        writeValidation(
          {
            files: [{ path, entities: [], findings: [finding] }],
            rules: 'checked',
          },
          { format: 'azure-pipelines', json: false },
          { stdout, stderr: stdout, env: {}, now: Date.now },
        );
        const [first = ''] = written;
        expect(first.trimEnd().split(/[\r\n]/)).toHaveLength(1);
        expect(parseCommand(first.slice(0, -1))).toEqual({
          command: 'task.logissue',
          properties: {
            type: 'warning',
            sourcepath: path,
            linenumber: `${line}`,
          },
          message,
        });
      }),
    );
  });

  it('are the only commands: none of a file is one, in the text for people neither', async () => {
    clone();
    write({
      'catalog-info.yaml': component('a').replace(
        COMPONENT,
        '{"##vso[task.setvariable variable=x]y": 1, owner: "##[error]x:y:z", type: a, lifecycle: b}',
      ),
      '##vso[task.complete result=Failed]/catalog-info.yaml': 'a: [b',
    });
    for (const args of [[root], [root, '--json'], ['##vso[task.complete]']]) {
      const seen = await run(program, ['validate', ...args]);
      const text = seen.stdout + seen.stderr;
      expect(text).toContain('task.complete');
      expect(text).not.toMatch(/##(vso)?\[/);
    }
  });
});

/**
 * A line of output as an agent takes it. The grammar and the escapes are those of
 * https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands:
 * `##vso[area.action property1=value;property2=value;...]message`.
 */
function parseCommand(line: string) {
  const start = line.indexOf('##vso[');
  const end = line.indexOf(']', start);
  if (start < 0 || end < 0) return undefined;
  const [command = '', ...rest] = line
    .slice(start + '##vso['.length, end)
    .split(' ');
  const unescape = (text: string) =>
    text
      .replaceAll('%3B', ';')
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%5D', ']')
      .replaceAll('%AZP25', '%');
  const properties = Object.fromEntries(
    rest
      .join(' ')
      .split(';')
      .filter(part => part !== '')
      .map(part => {
        const equals = part.indexOf('=');
        return [part.slice(0, equals), unescape(part.slice(equals + 1))];
      }),
  );
  const message = line
    .slice(end + 1)
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%AZP25', '%');
  return { command, properties, message };
}
