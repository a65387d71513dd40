import { mockServices } from '@backstage/backend-test-utils';
import { registerActions } from '../../src/operations/actions';
import type { Operation } from '../../src/operations/operation';
import { recordingLogger } from '../support/logs';

it('an action that a version of Backstage does not take costs the others nothing, and is warned of', () => {
  const registered: string[] = [];
  const logs: Parameters<typeof recordingLogger>[0] = [];
  const operation = (action: string) =>
    ({
      action,
      effect: {},
      input: {},
      permission: 'read',
    }) as unknown as Operation;
  registerActions(
    {
      register: ({ name }: { name: string }) => {
        if (name === 'odd') throw new TypeError('no such attribute');
        registered.push(name);
      },
    } as never,
    [operation('odd'), operation('good')],
    mockServices.permissions.mock(),
    recordingLogger(logs),
  );
  expect(registered).toEqual(['good']);
  expect(JSON.stringify(logs)).toContain('The action odd is not there');
});
