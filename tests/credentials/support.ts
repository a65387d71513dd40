import {
  existsSync,
  mkdtempSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { LoggerService } from '@backstage/backend-plugin-api';
import { ConfigReader } from '@backstage/config';
import type { JsonObject } from '@backstage/types';
import { Simulator } from '../../dev/simulator';
import type { SimulatorOptions } from '../../dev/simulator/simulator';
import { readClaims } from '../../src/credentials/access-token';
import type * as DirectoryModule from '../../src/credentials/directory';
import type {
  CredentialDirectory,
  OrganizationCredential,
} from '../../src/credentials/types';
import { recordingLogger, type LogLine } from '../support/logs';
import { withEnvironment } from '../support/with-environment';

export const TENANT_A = 'aaaaaaaa-0000-4000-8000-00000000000a';
export const TENANT_B = 'bbbbbbbb-0000-4000-8000-00000000000b';

/** The Azure cloud, as seen from this process: its environment points to a simulator. */
export class Cloud {
  readonly simulator: Simulator;
  readonly #restores: Array<() => void> = [];

  private constructor(simulator: Simulator) {
    this.simulator = simulator;
  }

  static async start(options: SimulatorOptions = {}): Promise<Cloud> {
    const cloud = new Cloud(await Simulator.start(options));
    cloud.setEnvironment({
      HTTPS_PROXY: cloud.simulator.proxyUrl,
      NO_PROXY: 'localhost,127.0.0.1',
      AZURE_POD_IDENTITY_AUTHORITY_HOST: cloud.simulator.metadataUrl,
    });
    return cloud;
  }

  /** Sets variables until the cloud is closed. */
  setEnvironment(variables: Record<string, string>): void {
    this.#restores.push(withEnvironment(variables));
  }

  async close(): Promise<void> {
    for (const restore of this.#restores.reverse()) restore();
    await this.simulator.close();
  }
}

/** A directory, and what it logs. */
export interface Served {
  readonly directory: CredentialDirectory;
  readonly logs: LogLine[];
}

/**
 * A directory made by a fresh copy of the code and its libraries: MSAL keeps the
 * source and the tokens of managed identities for the life of a process.
 */
export function freshDirectory(
  azure: JsonObject[],
  options: { tokenTimeoutMs?: number } = {},
): Served {
  const logs: LogLine[] = [];
  const logger: LoggerService = recordingLogger(logs);
  const config = new ConfigReader({ integrations: { azure } });
  let directory: CredentialDirectory | undefined;
  jest.isolateModules(() => {
    const { createCredentialDirectory } = jest.requireActual<
      typeof DirectoryModule
    >('../../src/credentials/directory');
    directory = createCredentialDirectory({ config, logger, ...options });
  });
  if (!directory) throw new Error('No directory was made');
  return { directory, logs };
}

/**
 * Puts files into a folder as the kubelet does, or replaces all of them at once:
 * each is a link that leads through `..data`, a link that is replaced itself.
 *
 * Source: kubernetes/kubernetes pkg/volume/util/atomic_writer.go
 */
export function mountVolume(
  folder: string,
  contents: Record<string, string>,
): void {
  const version = mkdtempSync(`${folder}/..version-`);
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(join(version, name), content);
  }
  symlinkSync(version, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  for (const name of Object.keys(contents)) {
    const path = join(folder, name);
    if (!existsSync(path)) symlinkSync(join('..data', name), path);
  }
}

/** Lets the test own the date, and nothing else of time. */
export function ownDate(): void {
  jest.useFakeTimers({
    now: Date.now(),
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  });
}

/** Moves the date that the test owns. */
export function pass(milliseconds: number): void {
  jest.setSystemTime(Date.now() + milliseconds);
}

/** Who a credential is, from what it sends: `pat:<token>` or `app:<client id>`. */
export async function identityOf(
  credential: Pick<OrganizationCredential, 'getAuthorization'>,
): Promise<string> {
  return identityOfHeader(await credential.getAuthorization());
}

export function identityOfHeader(authorization: string): string {
  const basic = /^Basic (.*)$/.exec(authorization)?.[1];
  return basic === undefined
    ? `app:${readClaims(authorization)?.clientId}`
    : `pat:${Buffer.from(basic, 'base64').toString('utf8').slice(1)}`;
}
