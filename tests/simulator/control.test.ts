import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { request } from 'undici';
import { Simulator } from '../../dev/simulator';
import { OPERATIONS } from '../../dev/simulator/control/operations';
import { ask, basic } from './ask';

describe('the control interface over HTTP', () => {
  let simulator: Simulator;

  beforeEach(async () => {
    simulator = await Simulator.start();
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

  it('does everything that a test in another process needs', async () => {
    const organization = 'contoso';
    const at = (project: string, repository?: string) => ({
      organization,
      project,
      repository,
    });
    await done('addOrganization', { name: organization, signIn: '302' });
    await done('addPersonalAccessToken', { token: 't', identity: 'alice' });
    await done('grant', { organization, identity: 'alice' });
    await done('addProject', { organization, name: 'P' });
    await done('addProject', { organization, name: 'Q' });
    const { id } = await done('addRepository', {
      ...at('P'),
      repository: undefined,
      name: 'r',
      files: { a: '1', b: { base64: 'AAE=' }, l: { symlink: 'a' } },
    });
    const { commitId } = await done('push', {
      ...at('P', 'r'),
      files: { a: null, x: { executable: '#!' } },
      branch: 'next',
    });
    await done('setDefaultBranch', { ...at('P', 'r'), branch: 'next' });
    await done('tag', { ...at('P', 'r'), name: 'v1' });
    await done('renameRepository', { ...at('P', 'r'), newName: 'renamed' });
    await done('forkRepository', {
      ...at('P', 'renamed'),
      toProject: 'Q',
      name: 'fork',
    });
    await done('moveRepository', { ...at('P', 'renamed'), toProject: 'Q' });
    await done('renameProject', {
      ...at('Q'),
      repository: undefined,
      newName: 'Z',
    });

    const moved = simulator
      .organization('contoso')
      .project('Z')
      .repository('renamed');
    expect(moved.id).toBe(id);
    expect(moved.branch('next')?.id).toBe(commitId);
    expect(moved.entry('/x')?.mode).toBe('100755');
    expect(moved.tagged('v1')).toBe(moved.branch('next'));

    await done('deleteBranch', { ...at('Z', 'renamed'), branch: 'main' });
    await done('renameBranch', {
      ...at('Z', 'renamed'),
      branch: 'next',
      newName: 'n',
    });
    expect(moved.defaultBranch).toBe('n');
    await done('disableRepository', at('Z', 'renamed'));
    expect(moved.isDisabled).toBe(true);
    await done('enableRepository', at('Z', 'renamed'));
    await done('emptyRepository', at('Z', 'renamed'));
    expect(moved.isEmpty).toBe(true);
    await done('deleteRepository', {
      ...at('Z', 'renamed'),
      permanently: true,
    });
    await done('setProjectState', {
      organization,
      project: 'P',
      state: 'deleting',
    });
    await done('deleteProject', { organization, project: 'Z' });
    await done('setPersonalAccessToken', { token: 't', state: 'revoked' });
    await done('revoke', { organization, identity: 'alice' });
    await done('renameOrganization', { organization, newName: 'fabrikam' });
    await done('removeOrganization', { organization: 'fabrikam' });
    await done('addApplication', {
      tenantId: '11111111-2222-4333-8444-555555555555',
      secret: 's',
    });
    await done('setSystemAssignedIdentity', {
      tenantId: '11111111-2222-4333-8444-555555555555',
    });
    await done('addUserAssignedIdentity', {
      tenantId: '11111111-2222-4333-8444-555555555555',
      clientId: '21111111-2222-4333-8444-555555555555',
    });
    await done('resetConnections');
  });

  it('injects faults and tells what was asked', async () => {
    simulator.addOrganization('contoso').grant('alice');
    simulator.addPersonalAccessToken('t', { identity: 'alice' });
    const url = 'https://dev.azure.com/contoso/_apis/projects';
    const { id } = await done('inject', {
      match: {
        pathname: 'projects$',
        organization: { regex: '^CONT', flags: 'i' },
      },
      response: { status: 418, headers: { 'X-A': 'b' }, json: { a: 1 } },
      times: 1,
    });
    const struck = await ask(simulator, url, { headers: basic('t') });
    expect([struck.status, struck.headers['x-a'], struck.body]).toEqual([
      418,
      'b',
      '{"a":1}',
    ]);
    expect((await ask(simulator, url, { headers: basic('t') })).status).toBe(
      200,
    );
    expect(await done('faults')).toEqual([{ id, hits: 1 }]);
    expect(
      await done('countRequests', { endpoint: 'projects', status: 418 }),
    ).toMatchObject({ count: 1 });
    expect(await done('requests', { limit: 1 })).toMatchObject([
      { status: 200, endpoint: 'projects', identity: 'alice' },
    ]);
    expect(await done('totals')).toMatchObject([{ count: 1 }, { count: 1 }]);
    await done('removeFault', { id });
    await done('removeFaults');
    await done('resetRequests');
    expect(await done('countRequests')).toEqual({ count: 0, bytes: 0 });
  });

  it.each([
    ['addOrganization', {}, "The argument 'name' is missing"],
    [
      'addOrganization',
      { name: 5 },
      "Expected the argument 'name' to be a text, got 5",
    ],
    [
      'addOrganization',
      { name: 'a', nmae: 1 },
      'Unknown argument nmae; expected name, deployment, tenantId, apiVersion, signIn',
    ],
    [
      'addOrganization',
      { name: 'a', deployment: 'moon' },
      'Expected the argument \'deployment\' to be one of cloud, server, got "moon"',
    ],
    [
      'push',
      { organization: 'nope' },
      "The simulator has no organization 'nope'",
    ],
    [
      'inject',
      { match: { pathname: '(' } },
      "The argument 'pathname' is no regular expression",
    ],
    [
      'inject',
      { fault: 'x' },
      "Expected the argument 'fault' to be one of reset-before",
    ],
    ['removeFault', { id: 9 }, 'There is no fault 9'],
    ['requests', [], 'Expected a JSON object with the arguments'],
  ])('refuses %s of %j', async (operation, args, message) => {
    const { status, result } = await control(operation, args);
    expect([status, result['error']]).toEqual([
      400,
      expect.stringContaining(message),
    ]);
  });

  it('is not for web pages, and knows its operations', async () => {
    expect(
      (await control('totals', {}, { Origin: 'https://example.com' })).status,
    ).toBe(403);
    expect((await control('constructor')).status).toBe(404);
    const overview = await request(simulator.controlUrl);
    const described = (await overview.body.json()) as {
      operations: Record<string, string[]>;
      addresses: { proxyUrl: string };
    };
    expect(Object.keys(described.operations)).toEqual(Object.keys(OPERATIONS));
    expect(described.addresses.proxyUrl).toBe(simulator.proxyUrl);
  });
});

describe('npm run simulator', () => {
  it('runs alone, seeded, until it is told to end', async () => {
    const root = join(__dirname, '..', '..');
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(root, 'dev', 'simulator', 'main.ts')],
      { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      lines.push(line);
      if (line.startsWith('Ctrl-C')) {
        break;
      }
    }
    const control = /^Control: +(\S+)$/m.exec(lines.join('\n'))?.[1] ?? '';
    const overview = await request(control);
    expect(await overview.body.json()).toMatchObject({
      organizations: [{}, {}, {}],
    });
    expect(lines).toContainEqual(
      expect.stringMatching(/^export HTTPS_PROXY='http:\/\/127\.0\.0\.1:\d+'$/),
    );
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
