import { request } from 'undici';
import { Simulator } from '../../dev/simulator';
import { ask, basic } from './ask';

describe('the control interface over HTTP', () => {
  let simulator: Simulator;

  beforeEach(async () => {
    simulator = await Simulator.start();
    simulator.addOrganization('contoso').grant('alice');
    simulator.addPersonalAccessToken('t', { identity: 'alice' });
  });

  afterEach(() => simulator.close());

  async function control(
    operation: string,
    args: unknown = {},
    headers: Record<string, string> = {},
  ): Promise<{ status: number; result: Record<string, unknown> }> {
    const { statusCode, body } = await request(
      `${simulator.controlUrl}/${operation}`,
      { method: 'POST', body: JSON.stringify(args), headers },
    );
    return {
      status: statusCode,
      result: (await body.json()) as Record<string, unknown>,
    };
  }
  async function done(operation: string, args: unknown = {}) {
    const { status, result } = await control(operation, args);
    expect({ operation, status, result }).toMatchObject({ status: 200 });
    return result;
  }

  it('pushes, renames and deletes', async () => {
    const at = { organization: 'contoso', project: 'P', repository: 'r' };
    await done('push', { ...at, files: { a: '1', b: '2' } });
    await done('push', { ...at, files: { a: null }, branch: 'next' });
    const project = simulator.organization('contoso').project('P');
    const repository = project.repository('r');
    expect(repository.entry('/a', 'main')).toBeDefined();
    expect(repository.entry('/a', 'next')).toBeUndefined();
    expect(repository.entry('/b', 'next')).toBeDefined();

    await done('rename', { ...at, newName: 's' });
    await done('rename', { ...at, repository: undefined, newName: 'Q' });
    expect([project.name, repository.name]).toEqual(['Q', 's']);

    await done('delete', { ...at, project: 'Q', repository: 's' });
    expect(project.deletedRepositories()).toHaveLength(1);
    await done('delete', { organization: 'contoso', project: 'Q' });
    expect(project.state).toBe('deleted');
  });

  it('injects faults and shows the requests', async () => {
    const url = 'https://dev.azure.com/contoso/_apis/projects';
    await done('fault', {
      match: { endpoint: 'projects', organization: 'CONTOSO' },
      response: { status: 418, headers: { 'X-A': 'b' }, body: { a: 1 } },
      times: 1,
    });
    const struck = await ask(simulator, url, { headers: basic('t') });
    expect([struck.status, struck.headers['x-a'], struck.body]).toEqual([
      418,
      'b',
      '{"a":1}',
    ]);
    const status = async () =>
      (await ask(simulator, url, { headers: basic('t') })).status;
    expect(await status()).toBe(200);
    expect(await done('requests', { status: 418 })).toMatchObject({ count: 1 });
    expect(await done('requests', { limit: 1 })).toMatchObject({
      count: 2,
      latest: [{ status: 200, endpoint: 'projects', identity: 'alice' }],
    });
    await done('fault', { fault: 'unavailable' });
    expect(await status()).toBe(503);
    await done('clearFaults');
    expect(await status()).toBe(200);
  });

  it.each([
    ['rename', { project: 'P' }, 'The argument organization is missing'],
    ['delete', { projekt: 'P' }, 'Unknown argument projekt; it takes '],
    [
      'rename',
      { organization: 5, project: 'P', newName: 'Q' },
      'Expected the argument organization to be a text, got 5',
    ],
    [
      'delete',
      { organization: 'nope', project: 'P' },
      "The simulator has no organization 'nope'",
    ],
    ['fault', { fault: 'x' }, 'Expected the fault to be one of reset-before'],
  ])(
    'answers 400 with the mistake to %s of %j',
    async (operation, args, message) => {
      const { status, result } = await control(operation, args);
      expect([status, result['error']]).toEqual([
        400,
        expect.stringContaining(message),
      ]);
    },
  );

  it('answers 403 to web pages and lists its operations', async () => {
    expect(
      (await control('requests', {}, { Origin: 'https://example.com' })).status,
    ).toBe(403);
    expect((await control('constructor')).status).toBe(404);
    const overview = await request(simulator.controlUrl);
    expect(await overview.body.json()).toMatchObject({
      push: ['organization', 'project', 'repository', 'files', 'branch?'],
    });
  });
});
