import { backendConfig, frontendConfig, toConfig } from '../../dev/config';

describe('the configuration of the web app', () => {
  it('holds what the pages need and no secret', async () => {
    const config = await toConfig(
      backendConfig({
        port: 7007,
        source: {
          providers: { development: { organizations: ['contoso'] } },
          integrations: [
            {
              host: 'dev.azure.com',
              credentials: [{ personalAccessToken: 'hunter2' }],
            },
            {
              host: 'localhost:8443',
              credentials: [{ personalAccessToken: 'hunter3' }],
            },
          ],
        },
      }),
    );

    const shown = frontendConfig(config);

    expect(shown).toMatchObject({
      backend: { baseUrl: 'http://localhost:7007' },
      integrations: {
        azure: [{ host: 'dev.azure.com' }, { host: 'localhost:8443' }],
      },
      devTools: { scheduledTasks: { plugins: ['catalog'] } },
    });
    expect(JSON.stringify(shown)).not.toMatch(/hunter|credential|providers/);
  });
});
