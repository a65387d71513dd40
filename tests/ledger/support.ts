import { createHash } from 'node:crypto';
import type { PathObservation } from '../../src/policy/model';
import { Ledger } from '../../src/ledger/ledger';
import { migrateLedger } from '../../src/ledger/migrate';
import { Outbox } from '../../src/ledger/outbox';
import type { ProbeRecord } from '../../src/ledger/record';
import { createDatabase, type DatabaseKind } from '../support/databases';

const PROVIDER = 'AzureDevOpsEntityProvider:test';
export const ORGANIZATION = 'dev.azure.com/contoso';

export async function openLedger(kind: DatabaseKind) {
  const database = await createDatabase(kind);
  const { knex } = database;
  await migrateLedger({ getClient: async () => knex }, knex);
  const ledger = new Ledger(knex, PROVIDER);
  await ledger.open();
  return {
    knex,
    ledger,
    outbox: (holder: string) => new Outbox(knex, PROVIDER, holder),
    destroy: () => database.destroy(),
  };
}

/** A descriptor that gives components of these names. */
export function present(
  names: readonly string[],
  options: {
    repository?: string;
    path?: string;
    unreadable?: boolean;
    forbidden?: string[];
  } = {},
): Extract<PathObservation, { outcome: 'present' }> {
  const path = options.path ?? '/catalog-info.yaml';
  const text = JSON.stringify([names, options]);
  return {
    outcome: 'present',
    path,
    target: `https://dev.azure.com/contoso/p/_git/${options.repository ?? 'r'}?path=${path}`,
    objectId: createHash('sha1').update(text).digest('hex'),
    signature: 's',
    claims: names.map(name => ({
      entityRef: `component:default/${name}`,
      kind: 'entity',
      entity: JSON.stringify({
        apiVersion: 'backstage.io/v1alpha1',
        kind: 'Component',
        metadata: { name },
        spec: {},
      }),
    })),
    rejections: [],
    forbidden: (options.forbidden ?? []).map(
      name => `component:default/${name}`,
    ),
    unreadable: options.unreadable ?? false,
  };
}

export function absent(): PathObservation {
  return {
    outcome: 'absent',
    path: '/catalog-info.yaml',
    reason: 'TF401174: not there',
  };
}

export function probe(
  repository: string,
  paths: readonly PathObservation[],
  options: { startTicket: number; unknown?: string; projectId?: string },
): ProbeRecord {
  return {
    repository: {
      id: repository,
      name: repository,
      projectId: options.projectId ?? 'p1',
      project: 'p',
      organization: ORGANIZATION,
    },
    branch: 'main',
    signature: 'repository-settings',
    startTicket: options.startTicket,
    paths,
    unknown: options.unknown,
  };
}
