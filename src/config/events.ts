import type { Config } from '@backstage/config';
import { InputError } from '@backstage/errors';

/** The user name and password with which service hooks are to present themselves. Source: `catalog.azureDevOps.events.ingress`. */
export interface IngressSettings {
  readonly username: string;
  readonly password: string;
}

/** Below the backend's address: where Backstage's events system takes the events of the topic `azureDevOps`. */
export const INGRESS_PATH = '/api/events/http/azureDevOps';

/** The events that concern a Git repository. Source: learn.microsoft.com, "Service hooks events". */
export const GIT_EVENTS = [
  'git.push',
  'git.repo.created',
  'git.repo.renamed',
  'git.repo.deleted',
  'git.repo.forked',
  'git.repo.statuschanged',
] as const;

const KEY = 'catalog.azureDevOps.events.ingress';
/** The key with which Backstage's own module for Azure DevOps opens the same address. */
const STOCK_KEY = 'events.modules.azureDevOps.webhookSecret';
/** A password that can be guessed lets anybody make the backend look at repositories. */
const SHORTEST_PASSWORD = 16;

/** Whether events may come at all: Backstage warns of a subscription where its events plugin is not installed. */
export function isListening(config: Config): boolean {
  return config.has('events') || isIngressConfigured(config);
}

/** Whether the backend is to open an address for events. */
export function isIngressConfigured(config: Config): boolean {
  return config.has(KEY);
}

/**
 * Reads `catalog.azureDevOps.events.ingress`; without it the backend opens no address for events.
 *
 * @throws an `InputError` that names the key when a value is not what it should be
 */
export function readIngressSettings(
  config: Config,
): IngressSettings | undefined {
  const block = config.getOptionalConfig(KEY);
  if (!block) {
    return undefined;
  }
  const username = block.getString('username');
  const password = block.getString('password');
  if (username.includes(':')) {
    throw new InputError(
      `Expected ${KEY}.username to be without a colon, which ends the user name in basic authentication`,
    );
  }
  if (password.length < SHORTEST_PASSWORD) {
    throw new InputError(
      `Expected ${KEY}.password to have at least ${SHORTEST_PASSWORD} characters, got ${password.length}. Take a random one, such as \`openssl rand -hex 32\` prints`,
    );
  }
  if (config.has(STOCK_KEY)) {
    throw new InputError(
      `${KEY} and ${STOCK_KEY} open the same address, ${INGRESS_PATH}, and the one that is registered last would win without a word. Keep one of them`,
    );
  }
  return { username, password };
}
