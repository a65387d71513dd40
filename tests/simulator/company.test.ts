import {
  type Entity,
  parseEntityRef,
  stringifyEntityRef,
} from '@backstage/catalog-model';
import { parseEntityYaml } from '@backstage/plugin-catalog-node';
import { Simulator, type Repository } from '../../dev/simulator';
import {
  seedCompany,
  type SeededOrganization,
} from '../../dev/simulator/company';
import { ask, basic } from './ask';

const LOCATION = { type: 'url', target: 'https://dev.azure.com/x' };

describe('the company that npm start shows', () => {
  let simulator: Simulator;
  let company: SeededOrganization[];
  let files: Array<{ repository: string; path: string; text: string }>;

  beforeAll(async () => {
    simulator = await Simulator.start();
    company = seedCompany(simulator);
    files = company
      .flatMap(({ name }) => [...simulator.organization(name).repositories()])
      .filter(({ isFork }) => !isFork)
      .flatMap(filesOf);
  });

  afterAll(() => simulator.close());

  it('has three organizations, each with a token that reads nothing of the others', async () => {
    const list = async (organization: string, token: string) =>
      await ask(
        simulator,
        `https://dev.azure.com/${organization}/_apis/git/repositories?api-version=7.1`,
        { headers: basic(token) },
      );
    const counts = [];
    for (const [index, { name, token }] of company.entries()) {
      const { body } = await list(name, token);
      counts.push((JSON.parse(body) as { count: number }).count);
      const other = company[(index + 1) % 3]?.name ?? '';
      expect((await list(other, token)).status).toBe(203);
    }
    expect(counts).toEqual([33, 14, 10]);
  });

  it('has relations that lead to entities of the company', () => {
    const entities = files
      .filter(({ path }) => path.endsWith('.yaml'))
      .flatMap(({ text }) => entitiesOf(text));
    const all = new Set(entities.map(stringifyEntityRef));
    const missing = entities.flatMap(entity =>
      relatedTo(entity)
        .filter(ref => !all.has(ref))
        .map(ref => `${stringifyEntityRef(entity)} -> ${ref}`),
    );
    expect(entities.length).toBeGreaterThan(60);
    expect(missing).toEqual([]);
  });

  it('has the targets and placeholders that its descriptors name', () => {
    const there = new Set(
      files.map(({ repository, path }) => `${repository}${path}`),
    );
    const named = files
      .filter(({ path }) => path.endsWith('/catalog-info.yaml'))
      .flatMap(({ repository, path, text }) =>
        [...text.matchAll(/(?:- |\$\w+: )\.(\/\S+)/g)].map(
          ([, target]) =>
            `${repository}${path.slice(0, path.lastIndexOf('/'))}${target}`,
        ),
      );
    expect(named.length).toBeGreaterThanOrEqual(6);
    expect(named.filter(path => !there.has(path))).toEqual([]);
  });
});

function filesOf(repository: Repository) {
  const tree = repository.branch(repository.defaultBranch ?? '')?.tree;
  return [...(tree?.walk() ?? [])].flatMap(({ path, entry: { object } }) =>
    'content' in object
      ? [{ repository: repository.id, path, text: object.content.toString() }]
      : [],
  );
}

function entitiesOf(text: string): Entity[] {
  return [...parseEntityYaml(Buffer.from(text), LOCATION)].flatMap(result =>
    result.type === 'entity' && result.entity.metadata?.name
      ? [result.entity]
      : [],
  );
}

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
