import type { Config } from '@backstage/config';
import { readProviderConfigs } from '../config/index';
import { readLocationContext } from '../content/context';
import { CatalogRules } from '../descriptors/rules';
import { YamlParser } from '../descriptors/yaml';
import { lookAtRepository } from '../ingestion/look';
import { Turns } from '../ingestion/turns';
import {
  explainQuestion,
  explanationJson,
  type ExplainQuestion,
} from '../operations/gather';
import type { Explanation } from '../policy/explain';
import { BackendClient, type BackendOptions } from './backend-client';
import { EXIT, type ExitCode, type Io, Progress, widthOf } from './io';
import { openSession } from './session';
import { hanging, printable, toJsonText } from './text';

export interface ExplainOptions extends BackendOptions {
  /** Whether the repository is looked at now. */
  readonly fresh: boolean;
  /** Asks no backend: what a refresh would find. */
  readonly fromConfiguration: boolean;
  readonly json: boolean;
}

type Answer = Pick<
  Explanation,
  'reason' | 'provider' | 'cause' | 'cure' | 'docs'
>;

/** Says why a repository, a file or an entity is in the catalog, or is not. */
export async function explain(
  config: Config,
  text: string,
  options: ExplainOptions,
  io: Io,
): Promise<ExitCode> {
  const question: ExplainQuestion = isReference(text)
    ? { entityRef: text, fresh: options.fresh }
    : { url: text, fresh: options.fresh };
  const progress = new Progress(io.stderr);
  progress.show(`${printable(text)}: asking ...`);
  let answers: readonly Answer[];
  try {
    answers = options.fromConfiguration
      ? await fromConfiguration(config, question, io, progress)
      : await fromBackend(config, question, options, io);
  } finally {
    progress.clear();
  }
  if (options.json) {
    io.stdout.write(`${toJsonText({ answers })}\n`);
  } else {
    const width = widthOf(io.stdout);
    const rendered = answers.map(answer => render(answer, width));
    io.stdout.write(`${rendered.join('\n\n')}\n`);
  }
  return answers.some(({ reason }) =>
    ['in-catalog', 'readable'].includes(reason),
  )
    ? EXIT.ok
    : EXIT.problem;
}

/** `kind:namespace/name`, and no address, nor `git@host:path`. */
function isReference(text: string): boolean {
  return /^[a-z][\w.-]*:([\w.-]+\/)?[\w.-]+$/i.test(text.trim());
}

async function fromBackend(
  config: Config,
  { url, entityRef, fresh }: ExplainQuestion,
  options: BackendOptions,
  io: Io,
): Promise<readonly Answer[]> {
  const backend = BackendClient.open(config, options, io.env);
  const { answers } = await backend.get<{ answers: Answer[] }>(
    '/api/catalog/azure-devops/explain',
    { url, entityRef, fresh: fresh ? 'true' : undefined },
  );
  return answers;
}

async function fromConfiguration(
  config: Config,
  question: ExplainQuestion,
  io: Io,
  progress: Progress,
): Promise<readonly Answer[]> {
  const session = openSession(config, io, progress);
  const yaml = YamlParser.fromConfig(config);
  const turns = new Turns();
  try {
    const answers = await explainQuestion(
      {
        readings: readProviderConfigs(config),
        locations: readLocationContext(config),
        look: async asked =>
          await lookAtRepository({
            ...asked,
            clients: session.clients.interactive,
            credentials: session.credentials,
            rules: CatalogRules.fromConfig(config),
            yaml,
            turns,
          }),
      },
      question,
    );
    return answers.map(it => explanationJson(it) as unknown as Answer);
  } finally {
    await session.clients.close();
    await yaml.close();
  }
}

function render(
  { provider, cause, cure, docs }: Answer,
  width: number,
): string {
  const name = provider === undefined ? '' : `${provider}: `;
  const end = cause.endsWith('?') ? '' : '.';
  return [
    hanging('', `${name}${cause}${end}`, width),
    hanging('  What to do:  ', `${cure}.`, width),
    `  More:        ${printable(docs)}`,
  ].join('\n');
}
