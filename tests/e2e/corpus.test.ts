import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  ANNOTATION_LOCATION,
  ANNOTATION_ORIGIN_LOCATION,
  stringifyEntityRef,
  type Entity,
} from '@backstage/catalog-model';
import { parseEntityYaml } from '@backstage/plugin-catalog-node';
import type { Refreshed, TestCatalog } from '../support/backend';
import { until } from '../support/until';
import { corpusFiles } from '../support/corpus';
import openApiModule from '@backstage/plugin-catalog-backend-module-openapi';
import { loadProgram, run } from '../cli/terminal';
import { addReadableOrganization, stageForAll } from './support';

/** What the command line leaves to the catalog, and says so. */
const UNDECIDED =
  /is none that every catalog knows|was not looked at|whose address is not known here/;

/** What the catalog says of a target of a Location in another repository, or on another host. */
const OF_ANOTHER_REPOSITORY =
  /^Unable to read url, .*(_git\/nowhere|githubusercontent\.com)/;

/** What the catalog itself adds or sorts when it processes an entity. */
const COMPUTED = ['uid', 'etag', 'generation'];

describe('descriptor files as people have them', () => {
  const texts = new Map(
    corpusFiles().map(({ name, content }) => [name, content]),
  );
  const rules = [{ allow: kindsOf([...texts.values()]) }];

  const stage = stageForAll();
  /** Has all of them, through this module. */
  let catalog: TestCatalog;
  let report: Refreshed;
  let rejectedFiles: Awaited<ReturnType<TestCatalog['rejectedFiles']>>;
  beforeAll(async () => {
    const organization = addReadableOrganization(stage.simulator, 'contoso');
    const project = organization.addProject('corpus');
    for (const [name, content] of texts) {
      project.addRepository(name, { files: { '/catalog-info.yaml': content } });
    }
    catalog = await stage.catalog({
      providers: { main: { organization: 'contoso' } },
      catalog: { rules },
      features: [openApiModule],
    });
    report = await catalog.refresh();
    rejectedFiles = await catalog.rejectedFiles();
  });

  it('are stated to the catalog as Backstage parses them, through client, ledger and mutation', async () => {
    expect(report.outcome).toBe('complete');
    const claims: Array<{ target: string; entity: string; kind: string }> =
      await catalog
        .knex('azure_devops_claims as c')
        .join('azure_devops_descriptors as d', function join() {
          this.on('d.repository_id', 'c.repository_id').andOn(
            'd.path',
            'c.path',
          );
        })
        .where('c.kind', 'entity')
        .select('d.target', 'c.entity', 'c.kind');
    for (const [name, content] of texts) {
      const target = `https://dev.azure.com/contoso/corpus/_git/${name}?path=/catalog-info.yaml`;
      const ours = claims
        .filter(claim => claim.target === target)
        .map(claim => JSON.parse(claim.entity) as Entity)
        .sort(byReference);
      const { entities, errors } = parsed(content, target);
      const acceptable = entities.filter(hasEnvelope);
      expect({ name, entities: ours }).toEqual({
        name,
        entities: lastOfEach(acceptable)
          .map(entity => withLocation(entity, target))
          .sort(byReference),
      });
      const repeated = acceptable.length - lastOfEach(acceptable).length;
      const refused = rejectedFiles.find(file => file.target === target);
      expect({ name, refused: refused?.errors.length ?? 0 }).toEqual({
        name,
        refused: errors + entities.length - acceptable.length + repeated,
      });
    }
  });

  it('are judged by `validate` before the merge as the catalog judges them afterwards', async () => {
    await catalog.settled();
    const processed = new Map(
      (
        (await catalog
          .knex('refresh_state')
          .select('entity_ref', 'location_key', 'errors')) as Array<{
          entity_ref: string;
          location_key: string;
          errors: string | null;
        }>
      ).map(row => [`${row.location_key} ${row.entity_ref}`, row.errors ?? '']),
    );
    const judged = await validateAll(texts, rules);
    const counts = { taken: 0, 'not taken': 0 };
    const disagreements: unknown[] = [];
    for (const { path, entities, findings } of judged) {
      const name = dirname(path);
      const target = `https://dev.azure.com/contoso/corpus/_git/${name}?path=/catalog-info.yaml`;
      const errors = findings.filter(({ severity }) => severity === 'error');
      const rejected = errors.filter(({ entityRef }) => !entityRef);
      const refused = rejectedFiles.find(file => file.target === target);
      if (rejected.length !== (refused?.errors.length ?? 0)) {
        disagreements.push({ name, rejected, refused });
      }
      for (const ref of new Set([
        ...entities,
        ...errors.flatMap(({ entityRef = [] }) => entityRef),
      ])) {
        const problems = processed.get(`url:${target} ${ref}`);
        // Another file has it in the catalog.
        if (problems === undefined) continue;
        const own = findings.filter(({ entityRef }) => entityRef === ref);
        const isTaken = problems === '' || problems === '[]';
        if (
          own.some(({ message }) => UNDECIDED.test(message)) ||
          (JSON.parse(problems || '[]') as Error[]).some(({ message }) =>
            OF_ANOTHER_REPOSITORY.test(message),
          )
        ) {
          continue;
        }
        counts[isTaken ? 'taken' : 'not taken'] += 1;
        if (entities.includes(ref) !== isTaken) {
          disagreements.push({ name, ref, own, problems });
        }
      }
    }
    expect(disagreements).toEqual([]);
    expect(judged).toHaveLength(texts.size);
    expect(counts.taken).toBeGreaterThan(50);
    expect(counts['not taken']).toBeGreaterThan(2);
  });

  it('are the same entities in the catalog as through a static location', async () => {
    const good = [...texts].filter(([, content]) => {
      const { entities, errors } = parsed(content, 'https://example.com');
      return errors === 0 && entities.length > 0 && entities.every(hasEnvelope);
    });
    let compared = 0;
    for (const batch of withoutSharedReferences(good)) {
      const [left, right] = await bothWays(batch);
      compared += left.size;
      expect(Object.fromEntries(left)).toEqual(Object.fromEntries(right));
    }
    expect(compared).toBeGreaterThan(50);
  });

  /** What the catalog makes of some files, stated by the module and read along static locations. */
  async function bothWays(names: string[]) {
    const ours = await stage.catalog({
      providers: { main: { organization: 'contoso', repository: names } },
      catalog: { rules },
    });
    const theirs = await stage.catalog({
      withoutModule: true,
      catalog: {
        rules,
        locations: names.map(name => ({
          type: 'url',
          target: `https://dev.azure.com/contoso/corpus/_git/${name}?path=/catalog-info.yaml`,
        })),
      },
    });
    await ours.refresh();
    await ours.settled();
    await until('the static locations to be read', async () => {
      await theirs.settled();
      const { count } = (await theirs
        .knex('refresh_state')
        .where('entity_ref', 'like', 'location:default/generated-%')
        .whereNull('processed_entity')
        .count({ count: '*' })
        .first()) ?? { count: 1 };
      return Number(count) === 0;
    });
    await theirs.settled();
    return [await comparable(ours), await comparable(theirs)] as const;
  }
});

/** What the command line says of all files, each in a folder of its own. */
async function validateAll(
  texts: ReadonlyMap<string, Buffer>,
  rules: unknown,
): Promise<
  Array<{
    path: string;
    entities: string[];
    findings: Array<{ severity: string; entityRef?: string; message: string }>;
  }>
> {
  const root = mkdtempSync(join(tmpdir(), 'checkout-'));
  try {
    for (const [name, content] of texts) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, 'catalog-info.yaml'), content);
    }
    const config = join(root, 'rules.yaml');
    writeFileSync(config, JSON.stringify({ catalog: { rules } }));
    const repository = 'https://dev.azure.com/contoso/corpus/_git/all';
    const args = ['validate', root, '--config', config, '--json'];
    args.push('--repository', repository);
    const { stdout } = await run(loadProgram(), args);
    return (JSON.parse(stdout) as { files: [] }).files;
  } finally {
    rmSync(root, { recursive: true });
  }
}

function parsed(content: Buffer, target: string) {
  const entities: Entity[] = [];
  let errors = 0;
  try {
    for (const result of parseEntityYaml(content, { type: 'url', target })) {
      if (result.type === 'entity') {
        entities.push(result.entity);
      } else {
        errors += 1;
      }
    }
  } catch {
    // Of an alias without an anchor it throws, which ends the file.
    errors += 1;
  }
  return { entities, errors };
}

function hasEnvelope(entity: Entity): boolean {
  try {
    stringifyEntityRef(entity);
    return (
      typeof entity.apiVersion === 'string' &&
      typeof entity.kind === 'string' &&
      typeof entity.metadata.name === 'string'
    );
  } catch {
    return false;
  }
}

function byReference(a: Entity, b: Entity): number {
  return stringifyEntityRef(a) < stringifyEntityRef(b) ? -1 : 1;
}

/** Of what a file defines twice the last counts, in the catalog as here. */
function lastOfEach(entities: Entity[]): Entity[] {
  const last = new Map(
    entities.map((entity, index) => [stringifyEntityRef(entity), index]),
  );
  return entities.filter(
    (entity, index) => last.get(stringifyEntityRef(entity)) === index,
  );
}

function withLocation(entity: Entity, target: string): Entity {
  const location = `url:${target}`;
  return JSON.parse(
    JSON.stringify({
      ...entity,
      metadata: {
        ...entity.metadata,
        annotations: {
          ...entity.metadata.annotations,
          [ANNOTATION_LOCATION]: location,
          [ANNOTATION_ORIGIN_LOCATION]: location,
        },
      },
    }),
  ) as Entity;
}

function kindsOf(contents: Buffer[]): string[] {
  const kinds = new Set<string>();
  for (const content of contents) {
    for (const { kind } of parsed(content, 'https://example.com').entities) {
      kinds.add(String(kind));
    }
  }
  return [...kinds];
}

/** Files in groups of which no two define the same entity, so that a catalog holds all of a group. */
function withoutSharedReferences(
  files: ReadonlyArray<readonly [string, Buffer]>,
): string[][] {
  const groups: Array<{ names: string[]; refs: Set<string> }> = [];
  for (const [name, content] of files) {
    const refs = parsed(content, 'https://example.com').entities.map(entity =>
      stringifyEntityRef(entity),
    );
    let group = groups.find(({ refs: taken }) =>
      refs.every(ref => !taken.has(ref)),
    );
    if (!group) {
      group = { names: [], refs: new Set() };
      groups.push(group);
    }
    group.names.push(name);
    for (const ref of refs) {
      group.refs.add(ref);
    }
  }
  return groups.map(({ names }) => names);
}

/** The catalog's entities without what differs from one database to the next, by reference. */
async function comparable(catalog: TestCatalog): Promise<Map<string, unknown>> {
  const entities = await catalog.entities();
  return new Map(
    entities
      // What stands for a location is not what it gave.
      .filter(
        ({ metadata }) =>
          !/^(generated|azure-devops-errors)-/.test(metadata.name),
      )
      .map(entity => {
        const metadata = Object.fromEntries(
          Object.entries(entity.metadata).filter(
            ([key]) => !COMPUTED.includes(key),
          ),
        );
        const spec = Object.fromEntries(
          Object.entries(entity.spec ?? {}).map(([key, value]) => [
            key,
            Array.isArray(value) && value.every(v => typeof v === 'string')
              ? [...value].sort()
              : value,
          ]),
        );
        return [
          stringifyEntityRef(entity),
          { ...entity, metadata, spec },
        ] as const;
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
