import { ConfigReader } from '@backstage/config';
import { readLocationContext } from '../../src/content/context';
import { parseRepositoryUrl } from '../../src/content/url';
import { Organization } from '../../src/organization';

describe('reading hosts and organizations from the configuration', () => {
  it('includes dev.azure.com where it is not configured, as Backstage does', () => {
    expect(readLocationContext(new ConfigReader({}))).toEqual({
      hosts: ['dev.azure.com'],
      organizations: [],
    });
  });

  it('reads the names that a credential is limited to as they are meant, percent-encoded or not', () => {
    const config = new ConfigReader({
      integrations: {
        azure: [
          {
            host: 'devops.example.com',
            credentials: [
              {
                organizations: ['apps/Field%20Service'],
                personalAccessToken: 'p',
              },
            ],
          },
        ],
      },
    });
    const url =
      'https://devops.example.com/apps/Field%20Service/_git/Field%20Service';
    expect(parseRepositoryUrl(url, readLocationContext(config))).toMatchObject({
      organization: { name: 'apps/Field Service' },
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
        new Organization('dev.azure.com', 'contoso'),
        new Organization('dev.azure.com', 'northwind'),
        new Organization('tfs.example.com', 'tfs/DefaultCollection'),
        new Organization('dev.azure.com', 'Fabrikam'),
        new Organization('tfs.example.com', 'DefaultCollection'),
      ],
    });
  });

  it('rejects the integrations that Backstage rejects, with the same message', () => {
    const config = new ConfigReader({
      integrations: { azure: [{ host: 'https://dev.azure.com' }] },
    });
    expect(() => readLocationContext(config)).toThrow(
      "Invalid Azure integration config, 'https://dev.azure.com' is not a valid host",
    );
  });
});
