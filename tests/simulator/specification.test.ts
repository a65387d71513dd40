import { randomUUID } from 'node:crypto';
import { Simulator } from '../../dev/simulator';
import { gitRoutes } from '../../dev/simulator/azure-devops';
import type { Subscription } from '../../dev/simulator/hooks';
import { ask, basic, type Question } from './ask';
import {
  type FoundOperation,
  type Schema,
  loadSpecifications,
  type Specification,
} from './specification/specification';

const HOST = 'https://dev.azure.com/contoso';
const SEARCH = 'https://almsearch.dev.azure.com/contoso';
const CONSUMER = 'https://backstage.contoso.example/hook';
const SECOND = 1000;

/** A request that the simulator answers with 200, by the template of its route. */
interface Sample {
  readonly route: string;
  readonly url: string;
  readonly body?: unknown;
}

/** Properties that the service sends although the specification leaves them out. */
const BEYOND_THE_SPECIFICATION: ReadonlyArray<[RegExp, string]> = [
  [
    /\/_links\/\w+$/,
    'links lie directly under _links; the schema describes the class that holds them',
  ],
];

/** Routes of which the specification says nothing, and where their form comes from. */
const NOT_SPECIFIED: Readonly<Record<string, string>> = {
  'GET connectiondata': 'what azure-devops-node-api reads',
};

let simulator: Simulator;
let subscription: Subscription;
let now: number;
const headers = basic('token');

beforeAll(async () => {
  now = Date.parse('2026-03-02T08:00:00Z');
  simulator = await Simulator.start({ clock: () => now });
  simulator.addPersonalAccessToken('token', { identity: 'alice' });
  const organization = simulator.addOrganization('contoso');
  organization.grant('alice');
  organization.grantSubscriptions('alice', 'edit');
  const project = organization.addProject('Payments', {
    description: 'Money in, money out',
  });
  const api = project.addRepository('api', {
    files: {
      'catalog-info.yaml': 'kind: Component\n',
      'docs/index.md': '# Index\n',
      link: { symlink: 'docs/index.md' },
    },
  });
  now += SECOND;
  api.push({ files: { 'catalog-info.yaml': 'kind: API\n' } });
  api.tag('v1');
  api.fork(project, 'api fork');
  project.addRepository('empty');
  project.addRepository('off', { files: { a: '1' }, disabled: true });
  project.addRepository('gone', { files: { a: '1' } }).delete();
  organization.addProject('Ünfinished', { state: 'createPending' });
  subscription = simulator.parts.hooks.subscribe(organization, {
    eventType: 'git.push',
    publisherInputs: { projectId: project.id },
    consumerInputs: { url: CONSUMER, basicAuthPassword: 'secret' },
  });
  subscription.notifications.push({
    id: 1,
    eventId: randomUUID(),
    at: now,
    result: 'failed',
    attempts: 1,
    status: 500,
    answer: 'Internal Server Error (500)',
  });
});

afterAll(async () => await simulator.close());

function samples(): Sample[] {
  const organization = simulator.organization('contoso');
  const project = organization.project('Payments');
  const api = project.repository('api');
  const blob = api.entry('/catalog-info.yaml')?.object.id;
  const repository = `${HOST}/${project.id}/_apis/git/repositories/${api.id}`;
  const git = 'git/repositories/{repositoryId}';
  const one = 'hooks/subscriptions/{subscriptionId}';
  const subscriptions = `${HOST}/_apis/hooks/subscriptions`;
  const sample = (
    route: string,
    url: string,
    body?: unknown,
    method = body === undefined ? 'GET' : 'POST',
  ): Sample => ({
    route: `${method} ${route}`,
    url: `${url}${url.includes('?') ? '&' : '?'}api-version=7.1`,
    body,
  });
  return [
    sample('projects', `${HOST}/_apis/projects?stateFilter=all&$top=1&$skip=0`),
    sample('projects', `${HOST}/_apis/projects`),
    sample('git/repositories', `${HOST}/_apis/git/repositories`),
    sample('git/repositories', `${HOST}/Payments/_apis/git/repositories`),
    sample(git, `${HOST}/_apis/git/repositories/${api.id}`),
    sample(git, `${HOST}/Payments/_apis/git/repositories/api%20fork`),
    sample(
      'git/deletedrepositories',
      `${HOST}/Payments/_apis/git/deletedrepositories`,
    ),
    sample(
      `${git}/items/{*path}`,
      `${repository}/items?path=/catalog-info.yaml&includeContent=true&$format=json&versionDescriptor.version=main&versionDescriptor.versionType=branch&versionDescriptor.versionOptions=none`,
    ),
    sample(
      `${git}/items/{*path}`,
      `${repository}/items?scopePath=/&recursionLevel=full&includeContentMetadata=true`,
    ),
    sample(
      `${git}/items/{*path}`,
      `${repository}/items?scopePath=/docs&recursionLevel=oneLevel`,
    ),
    sample(`${git}/blobs/{sha1}`, `${repository}/blobs/${blob}?$format=json`),
    sample(`${git}/blobs`, `${repository}/blobs`, [blob]),
    sample(
      `${git}/commits`,
      `${repository}/commits?searchCriteria.itemVersion.version=main&searchCriteria.$top=5`,
    ),
    sample(
      'search/codesearchresults',
      `${SEARCH}/_apis/search/codesearchresults`,
      {
        searchText: 'path:catalog-info.yaml',
        $skip: 0,
        $top: 10,
        filters: { Project: ['Payments'] },
        $orderBy: [{ field: 'path', sortOrder: 'ASC' }],
        includeFacets: false,
        includeSnippet: false,
      },
    ),
    sample('hooks/subscriptions', subscriptions, {
      publisherId: 'tfs',
      eventType: 'git.push',
      resourceVersion: '1.0',
      consumerId: 'webHooks',
      consumerActionId: 'httpRequest',
      publisherInputs: { projectId: project.id },
      consumerInputs: { url: CONSUMER },
    }),
    sample('hooks/subscriptionsquery', `${subscriptions}query`, {
      publisherId: 'tfs',
      publisherInputFilters: [
        { conditions: [{ inputId: 'projectId', inputValue: project.id }] },
      ],
    }),
    sample(
      `${one}/notifications`,
      `${subscriptions}/${subscription.id}/notifications?result=failed&maxResults=1`,
    ),
    sample(one, `${subscriptions}/${subscription.id}`, undefined, 'DELETE'),
  ];
}

it('the simulator has no route that is neither compared with the specification nor listed as not specified', () => {
  const { search, hooks } = simulator.parts;
  const served = [...gitRoutes(), ...search.routes(), ...hooks.routes()].map(
    ({ method, template }) => `${method} ${template}`,
  );
  const covered = [
    ...samples().map(({ route }) => route),
    ...Object.keys(NOT_SPECIFIED),
  ];
  expect([...new Set(covered)].sort()).toEqual([...new Set(served)].sort());
});

describe('the simulator against the specification of Microsoft', () => {
  let specifications: Specification[];
  beforeAll(() => {
    specifications = loadSpecifications();
  });

  /** The operation that a request is of, in whichever document. */
  function operationOf(
    method: string,
    url: URL,
  ): { specification: Specification; operation: FoundOperation } {
    for (const specification of specifications) {
      const operation = specification.operation(method, url);
      if (operation) return { specification, operation };
    }
    throw new Error(`No operation for ${method} ${url.pathname}`);
  }

  it('finds what contradicts the specification: a wrong count, id, enum or type, and unknown properties', () => {
    const url = new URL(`${HOST}/_apis/git/repositories`);
    const { specification, operation } = operationOf('GET', url);
    const judge = (body: unknown) =>
      specification.judge(schemaOf(operation), body);
    const good = { id: 'eb6e4656-77fc-42a1-9181-4c6d8e9da5d1', name: 'r' };
    expect(judge({ count: 1, value: [good] })).toEqual({
      errors: [],
      unknown: [],
    });
    expect(
      judge({
        count: 3,
        value: [{ id: 'r', size: '1', project: { state: 'fine', x: 1 }, y: 2 }],
      }),
    ).toEqual({
      errors: [
        '/count is 3 for 1',
        '/value/0/id must match format "uuid"',
        '/value/0/project/state must be equal to one of the allowed values',
        '/value/0/size must be integer',
      ],
      unknown: ['/value[]/project/x', '/value[]/y'],
    });
    expect(judge([good]).errors).toHaveLength(1);
  });

  it('is asked only with addresses and parameters that the specification has', () => {
    const strange = samples().flatMap(({ route, url }) => {
      const parsed = new URL(url);
      const { operation } = operationOf(route.split(' ')[0] ?? '', parsed);
      return [...parsed.searchParams].flatMap(([name, value]) => {
        const values = operation.enums.get(name);
        return !operation.parameters.has(name) ||
          (values && !values.includes(value))
          ? [`${route}: ${name}=${value}`]
          : [];
      });
    });
    expect(strange).toEqual([]);
  });

  it('answers every route with a body that fits its schema', async () => {
    const contradictions: string[] = [];
    for (const { route, url, body } of samples()) {
      const [method = ''] = route.split(' ');
      const answer = await ask(simulator, url, {
        method: method as Question['method'],
        headers,
        body,
      });
      if (answer.status !== 200) {
        contradictions.push(`${url}: ${answer.status} ${answer.body}`);
        continue;
      }
      const { specification, operation } = operationOf(method, new URL(url));
      const { schema } = operation;
      if (!schema || schema.format === 'Stream') {
        // Nothing, or bytes, of which the schema says no more.
        continue;
      }
      const { errors, unknown } = specification.judge(
        schema,
        JSON.parse(answer.body),
      );
      contradictions.push(
        ...errors.map(error => `${route}: ${error}`),
        ...unknown
          .filter(
            place =>
              !BEYOND_THE_SPECIFICATION.some(([known]) => known.test(place)),
          )
          .map(place => `${route}: unknown property ${place}`),
      );
    }
    expect([...new Set(contradictions)]).toEqual([]);
  });

  it('lists a route as not specified only if the specification lacks it', () => {
    for (const route of Object.keys(NOT_SPECIFIED)) {
      const [method = '', template = ''] = route.split(' ');
      const path = template.replace(/\{\w+\}/g, 'x');
      const url = new URL(`${HOST}/Payments/_apis/${path}`);
      const found = specifications.some(specification =>
        specification.operation(method, url),
      );
      expect([route, found]).toEqual([route, false]);
    }
  });
});

function schemaOf({ path, schema }: FoundOperation): Schema {
  if (!schema) throw new Error(`Nothing is said of the answer of ${path}`);
  return schema;
}
