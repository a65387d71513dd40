import { ConfigReader } from '@backstage/config';
import { readProviderConfigs } from '../../src/config/read';
import {
  type OperationsContext,
  Providers,
} from '../../src/operations/providers';
import { refreshOperation } from '../../src/operations/refresh';

/** The operation, where these providers run and these tasks can be triggered. */
function operation(
  runs: readonly string[],
  triggerTask: (id: string) => Promise<void>,
) {
  const block = { organization: 'contoso' };
  const readings = readProviderConfigs(
    new ConfigReader({
      integrations: { azure: [{ host: 'dev.azure.com' }] },
      catalog: { providers: { azureDevOps: { a: block, b: block, c: block } } },
    }),
  );
  const context = {
    readings,
    hub: { isConnected: (name: string) => runs.some(id => name.endsWith(id)) },
    scheduler: { triggerTask },
  } as unknown as OperationsContext;
  const { run } = refreshOperation(context, new Providers(context));
  return async () =>
    await run({ organization: 'contoso' }, { credentials: undefined! });
}

it('`POST /refresh` refreshes every provider of an organization that can be, and says why the others are not', async () => {
  const triggered: string[] = [];
  const refresh = operation(['a', 'c'], async id => {
    if (id.includes(':a:')) throw new Error('the database is away');
    triggered.push(id);
  });
  const answer = await refresh();
  expect(answer).toHaveProperty('refreshes', [
    { provider: 'a', outcome: 'not-triggered', error: 'the database is away' },
    {
      provider: 'b',
      outcome: 'not-triggered',
      error: expect.stringContaining("'b' does not run on this backend"),
    },
    { provider: 'c', outcome: 'triggered' },
  ]);
  expect(triggered).toEqual(['AzureDevOpsEntityProvider:c:refresh']);
});

it('`POST /refresh` answers 503 with every reason where no provider of an organization can be refreshed', async () => {
  const refresh = operation(['a'], async () => {
    throw new Error('the database is away');
  });
  await expect(refresh()).rejects.toMatchObject({
    name: 'ServiceUnavailableError',
    message: expect.stringMatching(/^the database is away\. .*'b'.*'c'/),
  });
});
