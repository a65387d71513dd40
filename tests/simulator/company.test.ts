import {
  type Entity,
  EntityPolicies,
  FieldFormatEntityPolicy,
  entityEnvelopeSchemaValidator,
  SchemaValidEntityPolicy,
  stringifyEntityRef,
  parseEntityRef,
} from '@backstage/catalog-model';
import { parseEntityYaml } from '@backstage/plugin-catalog-node';
import { Simulator } from '../../dev/simulator';
import { seedCompany } from '../../dev/simulator/company';
import { COMPANY } from '../../dev/simulator/company/all';
import type { SeedDocument } from '../../dev/simulator/company/documents';
import {
  descriptorText,
  type SeedRepository,
} from '../../dev/simulator/company/seed';
import { ask, basic } from './ask';

const LOCATION = { type: 'url', target: 'https://dev.azure.com/x' };
const FORBIDDEN = ['User', 'Group', 'Template'];

const repositories: SeedRepository[] = COMPANY.flatMap(({ projects }) =>
  projects.flatMap(({ repositories: list }) => list),
);
const descriptors = repositories.flatMap(({ name, descriptors: files = {} }) =>
  Object.entries(files).map(([path, documents]) => ({
    place: `${name}/${path}`,
    documents,
  })),
);

function entities(text: string): Array<Entity | undefined> {
  return [...parseEntityYaml(text, LOCATION)].map(result =>
    result.type === 'entity' ? result.entity : undefined,
  );
}

async function isAccepted(entity: Entity): Promise<boolean> {
  const policy = EntityPolicies.allOf([
    new SchemaValidEntityPolicy(),
    new FieldFormatEntityPolicy(),
  ]);
  try {
    entityEnvelopeSchemaValidator()(entity);
    return (await policy.enforce(entity)) !== undefined;
  } catch {
    return false;
  }
}

async function verdictOf(
  entity: Entity | undefined,
): Promise<SeedDocument['verdict']> {
  if (!entity) return 'broken';
  if (!(await isAccepted(entity))) return 'refused';
  return FORBIDDEN.includes(entity.kind) ? 'forbidden' : 'taken';
}

it.each(descriptors)(
  'Backstage makes of $place what it says',
  async ({ documents }) => {
    const found = entities(descriptorText(documents));
    expect(await Promise.all(found.map(verdictOf))).toEqual(
      documents.map(({ verdict }) =>
        verdict === 'duplicate' ? 'taken' : verdict,
      ),
    );
  },
);

describe('together', () => {
  const ofVerdict = (verdict: SeedDocument['verdict']) =>
    descriptors
      .flatMap(({ documents }) => documents)
      .filter(document => document.verdict === verdict)
      .map(({ yaml }) => entities(yaml)[0])
      .filter(entity => entity !== undefined);
  const taken = ofVerdict('taken');
  const refs = taken.map(stringifyEntityRef);

  it('gives every entity once, and some files that give one again', () => {
    expect(new Set(refs).size).toBe(refs.length);
    const again = ofVerdict('duplicate').map(stringifyEntityRef);
    expect(again.length).toBeGreaterThan(0);
    expect(refs).toEqual(expect.arrayContaining(again));
  });

  it('has relations that lead somewhere', () => {
    const throughLocations = repositories
      .flatMap(({ files = {} }) => Object.entries(files))
      .filter(([path]) => /(component|resources)\.yaml$/.test(path))
      .flatMap(([, text]) => entities(String(text)))
      .filter(entity => entity !== undefined);
    expect(throughLocations).toHaveLength(3);
    const all = new Set(
      [...taken, ...throughLocations].map(stringifyEntityRef),
    );
    const missing = [...taken, ...throughLocations].flatMap(entity =>
      relatedTo(entity)
        .filter(ref => !all.has(ref))
        .map(ref => `${stringifyEntityRef(entity)} -> ${ref}`),
    );
    expect(missing).toEqual([]);
  });

  it('has targets and placeholders beside the descriptors that name them', () => {
    const named = repositories.flatMap(
      ({ name, files = {}, descriptors: described = {} }) =>
        Object.entries(described).flatMap(([path, documents]) => {
          const folder = path.slice(0, path.lastIndexOf('/') + 1);
          const text = descriptorText(documents);
          return [...text.matchAll(/(?:- |\$\w+: )\.\/(\S+)/g)].map(
            ([, target]) => ({
              where: `${name}: ${folder}${target}`,
              there: `${folder}${target}` in files,
            }),
          );
        }),
    );
    expect(named.length).toBeGreaterThanOrEqual(6);
    expect(named.filter(({ there }) => !there)).toEqual([]);
  });
});

it('is seeded as its counts say, with a token for each organization', async () => {
  const simulator = await Simulator.start();
  try {
    const { organizations, counts } = seedCompany(simulator);
    expect(organizations).toHaveLength(3);
    expect(counts).toEqual({
      projects: 11,
      repositories: 57,
      forks: 3,
      disabled: 3,
      empty: 3,
      unusable: 1,
      hidden: 1,
      descriptors: 49,
      rootDescriptors: 41,
      documents: {
        taken: 59,
        broken: 4,
        forbidden: 3,
        refused: 2,
        duplicate: 1,
      },
    });
    for (const [
      index,
      { name, token, counts: own },
    ] of organizations.entries()) {
      const list = async (organization: string) =>
        await ask(
          simulator,
          `https://dev.azure.com/${organization}/_apis/git/repositories?api-version=7.1`,
          { headers: basic(token) },
        );
      const { value } = JSON.parse((await list(name)).body) as {
        value: Array<{
          isFork?: boolean;
          isDisabled?: boolean;
          defaultBranch?: string;
          project: { state: string };
        }>;
      };
      const usable = value.filter(
        ({ project }) => project.state === 'wellFormed',
      );
      expect({
        repositories: value.length,
        unusable: value.length - usable.length,
        forks: usable.filter(({ isFork }) => isFork).length,
        disabled: usable.filter(({ isDisabled }) => isDisabled).length,
        empty: usable.filter(({ defaultBranch }) => !defaultBranch).length,
      }).toEqual({
        repositories: own.repositories,
        unusable: own.unusable,
        forks: own.forks,
        disabled: own.disabled,
        empty: own.empty,
      });
      const other = organizations[(index + 1) % 3]?.name ?? '';
      expect((await list(other)).status).toBe(203);
    }
  } finally {
    await simulator.close();
  }
});

function relatedTo(entity: Entity): string[] {
  const namespace = entity.metadata.namespace ?? 'default';
  const spec = entity.spec ?? {};
  const many = (key: string) => {
    const value = spec[key] ?? [];
    return (Array.isArray(value) ? value : [value]).map(String);
  };
  const ref = (text: string, kind: string) =>
    stringifyEntityRef(
      parseEntityRef(text, { defaultKind: kind, defaultNamespace: namespace }),
    );
  return [
    ...many('system').map(text => ref(text, 'system')),
    ...many('domain').map(text => ref(text, 'domain')),
    ...many('providesApis').map(text => ref(text, 'api')),
    ...many('consumesApis').map(text => ref(text, 'api')),
    ...many('dependsOn').map(text => ref(text, 'component')),
    ...many('subcomponentOf').map(text => ref(text, 'component')),
  ];
}
