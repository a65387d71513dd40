import { ConfigReader } from '@backstage/config';
import { readLocationContext } from '../../src/locations/context';

describe('what the configuration says about hosts and organizations', () => {
  it('knows dev.azure.com without being told, as Backstage does', () => {
    expect(readLocationContext(new ConfigReader({}))).toEqual({
      hosts: ['dev.azure.com'],
      organizations: [],
    });
  });

  it('names the organizations of providers first, then those of credentials', () => {
    const config = new ConfigReader({
      integrations: {
        azure: [
          {
            credentials: [
              { organizations: ['Fabrikam'], personalAccessToken: 'p' },
            ],
          },
          {
            host: 'tfs.example.com',
            credentials: [
              {
                organizations: ['DefaultCollection'],
                personalAccessToken: 'p',
              },
            ],
          },
          {
            host: 'adventure.visualstudio.com',
            credentials: [{ personalAccessToken: 'p' }],
          },
        ],
      },
      catalog: {
        providers: {
          azureDevOps: {
            cloud: { organizations: ['contoso', 'northwind'] },
            server: {
              host: 'tfs.example.com',
              organization: 'tfs/DefaultCollection',
            },
            wrong: { organizatoin: 'oops' },
          },
        },
      },
    });
    expect(readLocationContext(config)).toEqual({
      hosts: ['dev.azure.com', 'tfs.example.com', 'adventure.visualstudio.com'],
      organizations: [
        { host: 'dev.azure.com', organization: 'contoso' },
        { host: 'dev.azure.com', organization: 'northwind' },
        { host: 'tfs.example.com', organization: 'tfs/DefaultCollection' },
        { host: 'dev.azure.com', organization: 'Fabrikam' },
        { host: 'tfs.example.com', organization: 'DefaultCollection' },
      ],
    });
  });

  it('refuses what Backstage refuses, in its words', () => {
    const config = new ConfigReader({
      integrations: { azure: [{ host: 'https://dev.azure.com' }] },
    });
    expect(() => readLocationContext(config)).toThrow(
      "Invalid Azure integration config, 'https://dev.azure.com' is not a valid host",
    );
  });
});
