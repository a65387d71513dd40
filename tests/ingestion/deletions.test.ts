import { AzureDevOpsRequestError, lastingFault } from '../../src/azure/errors';
import { askForDeletions } from '../../src/ingestion/deletions';
import { Organization } from '../../src/organization';
import type { KnownRepository } from '../../src/policy/model';
import { type LogLine, recordingLogger } from '../support/logs';

function missing(id: string, projectId: string): KnownRepository {
  return {
    id,
    organization: 'dev.azure.com/contoso',
    projectId,
    project: projectId,
    name: id,
    outcome: 'conclusive',
    missed: 0,
    ticket: 0,
  };
}

function start(deletedProjects: string[]) {
  const client = {
    listDeletedProjects: jest.fn(async () => deletedProjects),
    listDeletedRepositories: jest.fn(
      async ({ project }: { project: string }) =>
        project === 'denied'
          ? await Promise.reject(new Error('404'))
          : [`deleted in ${project}`],
    ),
  };
  const lines: LogLine[] = [];
  const ask = (
    repositories: readonly KnownRepository[],
    listed: ReadonlyMap<string, string> = new Map(),
    signal?: AbortSignal,
  ) =>
    askForDeletions({
      organization: new Organization('dev.azure.com', 'contoso'),
      client,
      logger: recordingLogger(lines),
      missing: repositories,
      listed,
      signal,
    });
  return { ...client, ask, lines };
}

describe('what Azure DevOps calls deleted', () => {
  it('costs no request while nothing is missing', async () => {
    const { ask, listDeletedProjects, listDeletedRepositories } = start([]);
    expect(await ask([])).toEqual({
      projects: new Set(),
      repositories: new Set(),
    });
    expect(listDeletedProjects).not.toHaveBeenCalled();
    expect(listDeletedRepositories).not.toHaveBeenCalled();
  });

  it('costs one request where the project is still listed, or is deleted itself', async () => {
    const listed = start([]);
    await listed.ask([missing('r', 'p')], new Map([['other', 'p']]));
    expect(listed.listDeletedProjects).not.toHaveBeenCalled();
    expect(listed.listDeletedRepositories).toHaveBeenCalledTimes(1);

    const deleted = start(['p']);
    expect(await deleted.ask([missing('r', 'p')])).toEqual({
      projects: new Set(['p']),
      repositories: new Set(),
    });
    expect(deleted.listDeletedRepositories).not.toHaveBeenCalled();
  });

  it('is asked of all projects at once', async () => {
    const { ask, listDeletedRepositories } = start([]);
    let answer: (ids: string[]) => void = () => {};
    const held = new Promise<string[]>(resolve => {
      answer = resolve;
    });
    listDeletedRepositories.mockImplementation(async () => await held);
    const asked = ask([missing('a', 'p'), missing('b', 'q')]);
    await new Promise(resolve => setImmediate(resolve));
    expect(listDeletedRepositories).toHaveBeenCalledTimes(2);
    answer([]);
    await asked;
  });

  it('is taken from the projects that answer though another does not', async () => {
    const { ask } = start([]);
    expect(await ask([missing('a', 'denied'), missing('b', 'p')])).toEqual({
      projects: new Set(),
      repositories: new Set(['deleted in p']),
    });
  });

  it.each([
    ['unauthorized', 'warn'],
    ['forbidden', 'warn'],
    ['not-found', 'debug'],
    ['unavailable', 'debug'],
  ] as const)(
    'is warned of with the cure and what follows where a list is denied, and of nothing else (%s)',
    async (kind, level) => {
      const { ask, lines, listDeletedProjects } = start([]);
      listDeletedProjects.mockRejectedValue(
        new AzureDevOpsRequestError(
          new Organization('dev.azure.com', 'contoso'),
          'list the deleted projects',
          lastingFault(kind, 'an answer'),
        ),
      );
      await ask([missing('a', 'p')]);
      expect(lines).toMatchObject([{ level }]);
      const message = lines[0]?.message ?? '';
      expect(message).toContain('could not list the deleted projects');
      expect(message).toContain('What to do: ');
      expect(message.includes('stays there until its removal is')).toBe(
        level === 'warn',
      );
    },
  );

  it('is not nothing when the question is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(
      start([]).ask([missing('a', 'denied')], new Map(), signal),
    ).rejects.toThrow('enough');
  });
});
