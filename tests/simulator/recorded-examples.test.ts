import { mockServices } from '@backstage/backend-test-utils';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Simulator } from '../../dev/simulator';
import { AzureDevOpsClientPool } from '../../src/azure/clients';
import type { AzureDevOpsClient } from '../../src/azure/types';
import { basic } from './ask';
import { read, SPECIFICATION } from './specification/specification';
import { Organization } from '../../src/organization';
import { withEnvironment } from '../support/with-environment';

/** An answer of the real service, as Microsoft recorded it beside its specification. */
interface Example {
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly body: {
    readonly count?: number;
    readonly value?: ReadonlyArray<Record<string, unknown>>;
  } & Record<string, unknown>;
}

function examples(directory: string): Example[] {
  return readdirSync(directory)
    .sort()
    .map(name => {
      const file = read<{
        parameters: Example['parameters'];
        responses: Record<string, { body: Example['body'] }>;
      }>(join(directory, name));
      return {
        name,
        parameters: file.parameters,
        body: file.responses['200']?.body ?? {},
      };
    });
}

describe('the client reads, from what Microsoft recorded of the service,', () => {
  const directory = join(SPECIFICATION, 'git', '7.1', 'httpExamples');
  let simulator: Simulator;
  let client: AzureDevOpsClient;
  let close: () => Promise<void>;
  let restore: () => void;

  beforeAll(async () => {
    simulator = await Simulator.start();
    simulator.addOrganization('fabrikam').grant('alice');
    simulator.addPersonalAccessToken('token', { identity: 'alice' });
    restore = withEnvironment({ HTTPS_PROXY: simulator.proxyUrl });
    const { Authorization = '' } = basic('token');
    const clients = new AzureDevOpsClientPool({
      logger: mockServices.logger.mock(),
      credentials: {
        forOrganization: () => ({
          describe: () => ({
            kind: 'personal access token',
            matchedBy: 'the only one',
          }),
          getAuthorization: () => Promise.resolve(Authorization),
          reject: () => Promise.resolve(false),
        }),
      },
    });
    close = () => clients.close();
    client = clients.forOrganization(
      new Organization('dev.azure.com', 'fabrikam'),
    );
  });

  afterAll(async () => {
    await close();
    restore();
    await simulator.close();
  });

  /** Lets the service give a recorded answer, and asks. */
  async function answeredWith<T>(
    endpoint: string,
    body: unknown,
    ask: () => Promise<T>,
  ): Promise<T> {
    const fault = simulator.inject({
      match: { endpoint },
      response: { status: 200, body },
    });
    const result = await ask();
    expect(fault.hits).toBe(1);
    fault.remove();
    return result;
  }

  const repositories = examples(join(directory, 'repositories'));
  const items = examples(join(directory, 'items'));

  it('every repository of a list', async () => {
    const [list] = repositories.filter(({ body }) => body.value);
    const { repositories: found } = await answeredWith(
      'repositories',
      list?.body,
      () => client.listRepositories(),
    );
    expect(found).toHaveLength(list?.body.count ?? NaN);
    expect(
      found.map(({ id, name, project, defaultBranch }) => ({
        id,
        name,
        project: project.name,
        state: project.state,
        defaultBranch: defaultBranch && `refs/heads/${defaultBranch}`,
      })),
    ).toEqual(
      list?.body.value?.map(recorded => ({
        id: recorded['id'],
        name: recorded['name'],
        project: (recorded['project'] as { name: string }).name,
        state: 'wellFormed',
        defaultBranch: recorded['defaultBranch'],
      })),
    );
  });

  it('one repository', async () => {
    const [one] = repositories.filter(({ body }) => body['defaultBranch']);
    const id = String(one?.body['id']);
    const found = await answeredWith('repository', one?.body, () =>
      client.getRepository({ repository: id }),
    );
    expect(found).toMatchObject({
      id,
      name: one?.body['name'],
      defaultBranch: 'master',
    });
  });

  it.each(items)(
    'every file of the answer $name',
    async ({ parameters, body }) => {
      const found = await answeredWith('items', body, () =>
        client.listItems({
          repository: parameters['repositoryId'] ?? '',
          path: parameters['scopePath'] ?? '',
        }),
      );
      expect(found.outcome).toBe('present');
      expect(found.outcome === 'present' && found.items).toEqual(
        body.value
          ?.filter(({ gitObjectType }) => gitObjectType === 'blob')
          .map(({ path, objectId }) => ({ path, objectId })),
      );
    },
  );

  it.each(
    items.flatMap(({ parameters, body }) =>
      (body.value ?? [])
        .filter(({ gitObjectType }) => gitObjectType === 'blob')
        .slice(0, 1)
        .map(item => ({
          repository: parameters['repositoryId'] ?? '',
          path: String(item['path']),
          item,
        })),
    ),
  )(
    'the file $path when it is asked for alone',
    async ({ repository, path, item }) => {
      const found = await answeredWith('items', item, () =>
        client.readItem({ repository, path, content: false }),
      );
      expect(found).toEqual({
        outcome: 'present',
        path,
        objectId: item['objectId'],
      });
    },
  );
});
