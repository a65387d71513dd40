import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Config } from '@backstage/config';
import { AzureDevOpsClientPool } from '../azure/clients';
import { AzureDevOpsRequestError } from '../azure/errors';
import type { AzureDevOpsClient } from '../azure/types';
import { createCredentialDirectory } from '../credentials/directory';
import { CredentialError } from '../credentials/errors';
import { explainAccessError } from '../azure/explain';
import {
  describeCredential,
  diagnose,
  type Diagnosis,
} from '../credentials/problems/diagnosis';
import type {
  CredentialDescription,
  CredentialDirectory,
} from '../credentials/types';
import { CatalogRules } from '../descriptors/rules';
import { YamlParser } from '../descriptors/yaml';
import { Turns } from '../concurrency';
import { CLOUD_HOST, Organization } from '../organization';
import {
  type CommandOptions,
  type Io,
  type Sink,
  organizationJson,
  Progress,
  widthOf,
} from './io';
import { selectOrganizations } from './organizations';
import { redact } from './redact';
import { hanging, renderAdvice } from './text';
import { messageOf } from '../thrown';

/** What commands reach organizations with. */
export interface Session {
  readonly credentials: CredentialDirectory;
  readonly clients: AzureDevOpsClientPool;
  readonly progress: Progress;
}

/**
 * Opens a session, and closes it when it has been used.
 *
 * @param givenLogger - default: warnings and errors go to standard error, the rest
 *   nowhere: what matters is in the output
 * @throws what `@backstage/integration` throws when `integrations.azure` is not valid.
 */
export async function withSession<T>(
  config: Config,
  io: Io,
  use: (session: Session) => Promise<T>,
  givenLogger?: LoggerService,
): Promise<T> {
  const progress = new Progress(io.stderr);
  const logger = givenLogger ?? createLogger(io, progress);
  const credentials = createCredentialDirectory({
    config,
    logger,
    now: io.now,
  });
  const clients = new AzureDevOpsClientPool({ credentials, logger });
  try {
    return await use({ credentials, clients, progress });
  } finally {
    progress.clear();
    await clients.close();
  }
}

/** What reads descriptors. */
export interface Reading {
  readonly rules: CatalogRules;
  readonly yaml: YamlParser;
  readonly turns: Turns;
}

/** Reads repositories as a refresh does. */
export async function readAsRefresh<T>(
  config: Config,
  io: Io,
  read: (session: Session, reading: Reading) => Promise<T>,
): Promise<T> {
  const rules = CatalogRules.fromConfig(config);
  const yaml = YamlParser.fromConfig(config);
  const reading = { rules, yaml, turns: new Turns() };
  try {
    return await withSession(config, io, session => read(session, reading));
  } finally {
    await yaml.close();
  }
}

function createLogger({ stderr }: Io, progress: Progress): LoggerService {
  const write = (level: string, message: string) => {
    progress.clear();
    stderr.write(`${hanging(`${level}: `, message, widthOf(stderr))}\n`);
  };
  const logger: LoggerService = {
    error: message => write('error', message),
    warn: message => write('warning', message),
    info: () => {},
    debug: () => {},
    child: () => logger,
  };
  return logger;
}

/** Why an organization could not be asked, for people and for machines. */
export interface Failure {
  readonly diagnosis: Diagnosis;
  /** Absent when none matches. */
  readonly credential?: CredentialDescription;
}

/**
 * Finds the cause of a failure, by asking the organization further questions
 * where they help.
 *
 * @throws the error itself when it is no failure of a credential or a request.
 */
export async function findCause(
  { credentials, clients }: Session,
  organization: Organization,
  error: unknown,
): Promise<Failure> {
  if (error instanceof CredentialError) {
    return { diagnosis: error.diagnosis, credential: error.credential };
  }
  if (!(error instanceof AzureDevOpsRequestError)) throw error;
  const credential = credentials.forOrganization(organization);
  const client = clients.interactive.forOrganization(organization);
  const { diagnosis } = await explainAccessError(
    error,
    credential,
    error.fault.kind === 'unauthorized' ? await isAccepted(client) : undefined,
  );
  return { diagnosis, credential: credential.describe() };
}

/** What a command asks of every organization that it is about. */
interface Question<T> {
  /** What is going on, as in `listing repositories`. */
  readonly doing: string;
  ask(session: Session, organization: Organization): Promise<T>;
  /** For people. */
  render(found: T, organization: Organization, width: number): string;
  /** For machines. */
  toJson(found: T): object;
  /** Default: the failure as it is. */
  explain?(failure: Failure): Failure;
}

/**
 * Asks one organization after the other, and shows what each answers unless that
 * is to be JSON. One that fails does not keep the others from being asked.
 *
 * @returns `isWhole`: no organization failed, and no provider's block is wrong
 * @throws InputError when there is none.
 */
export async function askOrganizations<T>(
  config: Config,
  options: CommandOptions,
  io: Io,
  question: Question<T>,
): Promise<{ found: T[]; json: object[]; isWhole: boolean }> {
  const { organizations, mistakes } = selectOrganizations(
    config,
    options.organization,
  );
  const found: T[] = [];
  const json: object[] = [];
  for (const { message } of mistakes) io.stderr.write(`${message}\n\n`);
  await withSession(config, io, async session => {
    const show = (sink: Sink, text: string) => {
      session.progress.clear();
      if (!options.json) sink.write(`${text}\n\n`);
    };
    for (const organization of organizations) {
      const { label } = organization;
      session.progress.show(`${label}: ${question.doing} ...`);
      try {
        const one = await question.ask(session, organization);
        found.push(one);
        json.push({
          ...organizationJson(organization),
          ...question.toJson(one),
        });
        show(io.stdout, question.render(one, organization, widthOf(io.stdout)));
      } catch (error) {
        const cause = await findCause(session, organization, error);
        const failure = question.explain?.(cause) ?? cause;
        json.push({
          ...organizationJson(organization),
          credential: failure.credential,
          error: failure.diagnosis,
        });
        show(io.stderr, renderFailure(label, failure, widthOf(io.stderr)));
      }
    }
  });
  const isWhole =
    mistakes.length === 0 && found.length === organizations.length;
  return { found, json, isWhole };
}

/** Whether the credential is good for what needs no scope. */
async function isAccepted(client: AzureDevOpsClient): Promise<boolean> {
  try {
    await client.getIdentity();
    return true;
  } catch {
    return false;
  }
}

/** A failure in lines, for people. */
export function renderFailure(
  name: string,
  { diagnosis, credential }: Failure,
  width: number,
): string {
  const as = credential && describeCredential(credential);
  return renderAdvice(name, { ...diagnosis, as }, width);
}

/** What is wrong with `integrations.azure`, in Backstage's words, and the cure. */
export function diagnoseConfiguration(error: unknown): Diagnosis {
  const detail = redact(messageOf(error));
  const host = /config for (\S+), only personal access tokens/.exec(
    detail,
  )?.[1];
  return diagnose(
    host ? 'server-needs-personal-access-token' : 'credentials-not-valid',
    {
      organization: new Organization(host ?? CLOUD_HOST, ''),
      detail,
    },
  );
}
