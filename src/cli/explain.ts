import type { Config } from '@backstage/config';
import { readProviderConfigs } from '../config/read';
import { readLocationContext } from '../content/context';
import { lookAtRepository } from '../ingestion/look';
import {
  explainQuestion,
  withMessage,
  type ExplainQuestion,
} from '../operations/explain-question';
import type { Explanation } from '../policy/explain';
import { BackendClient } from './backend-client';
import { EXIT, type ExitCode, type Io, Progress, widthOf } from './io';
import { readAsRefresh } from './session';
import { renderAdvice, toJsonText } from './text';

export interface ExplainOptions {
  /** The address of the backend, if not `backend.baseUrl`. */
  readonly backend?: string;
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
  const answers = options.fromConfiguration
    ? await fromConfiguration(config, question, io)
    : await fromBackend(config, question, options, io);
  if (options.json) {
    io.stdout.write(`${toJsonText({ answers })}\n`);
  } else {
    const width = widthOf(io.stdout);
    const rendered = answers.map(it => renderAdvice(it.provider, it, width));
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
  { backend: named }: ExplainOptions,
  io: Io,
): Promise<readonly Answer[]> {
  const backend = BackendClient.open(config, named, io.env);
  const progress = new Progress(io.stderr);
  progress.show(`${backend.address}: asking ...`);
  try {
    const { answers } = await backend.get<{ answers: Answer[] }>(
      '/api/catalog/azure-devops/explain',
      { url, entityRef, fresh: fresh ? 'true' : undefined },
    );
    return answers;
  } finally {
    progress.clear();
  }
}

async function fromConfiguration(
  config: Config,
  question: ExplainQuestion,
  io: Io,
): Promise<readonly Answer[]> {
  return await readAsRefresh(config, io, async (session, reading) => {
    session.progress.show('asking Azure DevOps ...');
    const answers = await explainQuestion(
      {
        readings: readProviderConfigs(config),
        locations: readLocationContext(config),
        look: async asked =>
          await lookAtRepository({
            ...asked,
            ...reading,
            clients: session.clients.interactive,
            credentials: session.credentials,
          }),
      },
      question,
    );
    return answers.map(withMessage);
  });
}
