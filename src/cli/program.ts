import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, ConfigReader } from '@backstage/config';
import { ConfigSources } from '@backstage/config-loader';
import { InputError } from '@backstage/errors';
import { Command, CommanderError, Option } from 'commander';
import { readConfiguredCredentials } from '../credentials/configured';
import { doctor } from './doctor';
import { explain, type ExplainOptions } from './explain';
import { hooks, type HooksOptions } from './hooks';
import {
  type CommandOptions,
  EXIT,
  type ExitCode,
  type Io,
  widthOf,
} from './io';
import { preview, type PreviewOptions } from './preview';
import { redact } from './redact';
import { repositories } from './repositories';
import { diagnoseConfiguration, renderFailure } from './session';
import { hanging, toJsonText } from './text';
import { validate, type ValidateOptions } from './validate';
import { messageOf } from '../thrown';

interface ConfigOptions {
  readonly config: readonly string[];
}

/**
 * Runs the command line.
 *
 * @param args - the arguments, without node and the script
 */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let outcome: ExitCode = EXIT.ok;
  const program = createProgram(io, code => {
    outcome = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return outcome;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    }
    const message = messageOf(error);
    const text = hanging('error: ', redact(message), widthOf(io.stderr));
    io.stderr.write(`${text}\n`);
    return error instanceof InputError ? EXIT.usage : EXIT.problem;
  }
}

type SetExitCode = (code: ExitCode) => void;

function createProgram(io: Io, setExitCode: SetExitCode): Command {
  const program = new Command('azure-devops-catalog')
    .description(
      'Shows what Backstage sees of Azure DevOps, with the credentials and the configuration that it has.',
    )
    .version(version(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput({
      writeOut: text => void io.stdout.write(text),
      writeErr: text => void io.stderr.write(text),
      getOutHelpWidth: () => widthOf(io.stdout),
      getErrHelpWidth: () => widthOf(io.stderr),
    })
    .showHelpAfterError('(add --help for what is possible)')
    .exitOverride()
    .addHelpText('after', PROGRAM_HELP);
  addCommandsWithCredentials(program, io, setExitCode);
  addValidate(program, io, setExitCode);
  addExplain(program, io, setExitCode);
  return program;
}

/** The commands that ask organizations, with the credentials of the configuration. */
function addCommandsWithCredentials(
  program: Command,
  io: Io,
  setExitCode: SetExitCode,
): void {
  const withCredentials =
    <Options extends CommandOptions>(
      command: (config: Config, options: Options, io: Io) => Promise<ExitCode>,
    ) =>
    async (options: Options & ConfigOptions) => {
      const config = await readConfiguration(options.config, io.env);
      setExitCode(
        reportConfiguration(config, options, io) ??
          (await command(config, options, io)),
      );
    };
  withCommonOptions(program.command('repositories'))
    .summary('list every repository that the credentials may read')
    .description(
      'Lists every repository that the matching credential may read: of every configured organization, or of those named.',
    )
    .option('-p, --project <name>', 'of this project only')
    .addHelpText('after', REPOSITORIES_HELP)
    .action(withCredentials(repositories));
  withCommonOptions(program.command('doctor'))
    .summary('check every organization from its credential to its repositories')
    .description(
      'Checks every configured organization, or those named: credential, token, tenant, membership, what is visible, proxy, clock and rate limit. Every check passes, warns or fails, and says what to do.',
    )
    .addHelpText('after', DOCTOR_HELP)
    .action(withCredentials(doctor));
  withCommonOptions(program.command('hooks'))
    .summary('show or make the subscriptions to service hooks')
    .description(
      'Shows, for every project, which subscriptions to service hooks are missing, wrong or disabled, so that a push is in the catalog at once. With --apply it makes and repairs those that are its own; the backend itself never changes anything at Azure DevOps.',
    )
    .option('-p, --project <name>', 'of this project only')
    .option(
      '--url <address>',
      'where Azure DevOps reaches the backend (default: backend.baseUrl)',
    )
    .option('--apply', 'carry the plan out', false)
    .addHelpText('after', HOOKS_HELP)
    .action(withCredentials<HooksOptions>(hooks));
  withCommonOptions(program.command('preview'))
    .summary('show what a refresh would put into the catalog')
    .description(
      'Looks at every repository that the providers select, as a refresh does, and shows what it would put into the catalog: entities, rejections, duplicates, what is skipped and why. Keeps nothing and changes nothing.',
    )
    .addOption(
      new Option('--provider <id>', 'this provider only; repeatable')
        .argParser(collect)
        .default([], 'all'),
    )
    .option(
      '--against <url>',
      'the address of a running backend: show what a refresh would change in its catalog; its access token is BACKSTAGE_TOKEN in the environment',
    )
    .option('--html <file>', 'write a page for people: coverage by project')
    .addHelpText('after', PREVIEW_HELP)
    .action(withCredentials<PreviewOptions>(preview));
}

function addValidate(program: Command, io: Io, setExitCode: SetExitCode): void {
  program
    .command('validate [path...]')
    .summary('check descriptors of a checkout before they are merged')
    .description(
      'Checks files of a checkout as the catalog and the provider would: YAML, envelope, kind, catalog.rules, and the files that placeholders refer to. Needs no network and no credential. A path is a file, a folder or a pattern; without one, every catalog-info.yaml below the working directory is checked, but for what Git ignores.',
    )
    .addOption(configOption('none: catalog.rules are not checked'))
    .option(
      '--repository <url>',
      'where the repository is in Azure DevOps (default: where the checkout is from)',
    )
    .addOption(
      new Option('--format <format>', 'how to print what is found')
        .choices(['text', 'azure-pipelines'])
        .default('text'),
    )
    .option('--json', 'print JSON, for machines', false)
    .addHelpText('after', VALIDATE_HELP)
    .action(
      async (places: string[], options: ValidateOptions & ConfigOptions) => {
        const config =
          options.config.length > 0
            ? await readConfiguration(options.config, io.env)
            : undefined;
        setExitCode(await validate(config, places, options, io));
      },
    );
}

function addExplain(program: Command, io: Io, setExitCode: SetExitCode): void {
  program
    .command('explain <url>')
    .summary('say why a repository is in the catalog, or is not')
    .description(
      'Says why a repository is in the catalog, or is not, and what to do, as the running backend knows it, or with --from-configuration as the next refresh would find it. The URL is that of the repository or a file in it, in any form; an entity reference may stand in its place.',
    )
    .addOption(configOption('app-config.yaml and app-config.local.yaml'))
    .option(
      '--backend <address>',
      'the backend to ask (default: backend.baseUrl); its access token is BACKSTAGE_TOKEN in the environment',
    )
    .option('--fresh', 'have the repository looked at now', false)
    .option(
      '--from-configuration',
      'ask Azure DevOps itself, and no backend',
      false,
    )
    .option('--json', 'print JSON, for machines', false)
    .addHelpText('after', EXPLAIN_HELP)
    .action(
      async (question: string, options: ExplainOptions & ConfigOptions) => {
        const config = await readConfigurationIfNeeded(options, io.env);
        setExitCode(await explain(config, question, options, io));
      },
    );
}

function configOption(byDefault: string): Option {
  return new Option(
    '-c, --config <file>',
    'a configuration file; repeatable, later ones win',
  )
    .argParser(collect)
    .default([], byDefault);
}

function withCommonOptions(command: Command): Command {
  return command
    .addOption(configOption('app-config.yaml and app-config.local.yaml'))
    .addOption(
      new Option(
        '-o, --organization <name>',
        'an organization: its name, its address, or host/collection for a Server; repeatable',
      )
        .argParser(collect)
        .default([], 'all that are configured'),
    )
    .option('--json', 'print JSON, for machines', false);
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

/** Where the package lies, seen from the sources as well as from what is built of them. */
function version(): string {
  const file = join(__dirname, '..', '..', 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

/**
 * Reads the configuration as Backstage's backend does: the files that are
 * named, or else app-config.yaml and app-config.local.yaml; then the
 * environment variables that begin with APP_CONFIG_. `${NAME}` stands for an
 * environment variable.
 *
 * @throws what Backstage throws for a file that is missing or cannot be read.
 */
async function readConfiguration(
  files: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Config> {
  const source = ConfigSources.default({
    argv: files.flatMap(file => ['--config', file]),
    env,
    substitutionFunc: async name => env[name]?.trim(),
    watch: false,
  });
  const config = await ConfigSources.toConfig(source);
  config.close();
  return config;
}

/** The same; where a backend is named and no file, it may be that there is none to be read. */
async function readConfigurationIfNeeded(
  { config, backend }: ConfigOptions & Pick<ExplainOptions, 'backend'>,
  env: NodeJS.ProcessEnv,
): Promise<Config> {
  try {
    return await readConfiguration(config, env);
  } catch (error) {
    if (backend !== undefined && config.length === 0) {
      return new ConfigReader({});
    }
    throw error;
  }
}

/** Reports what is wrong with `integrations.azure`, without which no command can do anything. */
function reportConfiguration(
  config: Config,
  options: CommandOptions,
  io: Io,
): ExitCode | undefined {
  try {
    readConfiguredCredentials(config);
    return undefined;
  } catch (error) {
    const diagnosis = diagnoseConfiguration(error);
    if (options.json) {
      io.stdout.write(`${toJsonText({ error: diagnosis })}\n`);
    } else {
      const width = widthOf(io.stderr);
      const text = renderFailure('integrations.azure', { diagnosis }, width);
      io.stderr.write(`${text}\n`);
    }
    return EXIT.problem;
  }
}

const PROGRAM_HELP = `
The configuration is that of Backstage: app-config.yaml and
app-config.local.yaml, or the files given with --config, with environment
variables in place of \${NAME}. The shortest that works:

  integrations:
    azure:
      - host: dev.azure.com
        credentials:
          - clientId: system-assigned

Exit codes: 0 all is well; 1 something is wrong, and the output says what to do;
2 the command line is wrong.`;

const REPOSITORIES_HELP = `
Examples:
  $ azure-devops-catalog repositories
  $ azure-devops-catalog repositories --organization MyOrg --project SecretSauce
  $ azure-devops-catalog repositories --json | jq .organizations

STATE is ready, or why nothing is read: disabled, empty. Forks are marked.
An organization that fails does not keep the others from being listed; what is
wrong with it is written to standard error.`;

const EXPLAIN_HELP = `
Examples:
  $ azure-devops-catalog explain https://dev.azure.com/MyOrg/Shop/_git/cart
  $ azure-devops-catalog explain component:default/cart --json
  $ azure-devops-catalog explain git@ssh.dev.azure.com:v3/MyOrg/Shop/cart \\
      --from-configuration

Exit code 0 says that it is in the catalog, or with --from-configuration that it
would be; 1 that it is not, or that nobody could be asked.`;

const HOOKS_HELP = `
Examples:
  $ azure-devops-catalog hooks
  $ azure-devops-catalog hooks --url https://backstage.example.com --apply

The credential needs the permission "Edit subscriptions" to carry a plan out, and
"View subscriptions" to show it. What a user disabled is left as it is, and so is
every subscription that this command did not make.`;

const PREVIEW_HELP = `
Examples:
  $ azure-devops-catalog preview
  $ azure-devops-catalog preview --organization MyOrg --html coverage.html
  $ azure-devops-catalog preview --against http://localhost:7007

It costs Azure DevOps what a first refresh does, at the same pace.`;

const VALIDATE_HELP = `
Examples:
  $ azure-devops-catalog validate
  $ azure-devops-catalog validate 'services/*/catalog-info.yaml' docs/team.yaml
  $ azure-devops-catalog validate --config rules.yaml --format azure-pipelines

Exit code 1 says that the catalog would not take something; with warnings alone
it is 0.`;

const DOCTOR_HELP = `
Examples:
  $ azure-devops-catalog doctor
  $ azure-devops-catalog doctor --organization MyOrg
  $ azure-devops-catalog doctor -c app-config.yaml -c app-config.production.yaml

No secret and no token is ever printed.`;
