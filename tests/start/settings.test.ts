import {
  StartError,
  readCatalogSource,
  readStartOptions,
} from '../../dev/settings';

describe('npm start', () => {
  it('serves on port 7007 by default', () => {
    expect(readStartOptions([], {})).toEqual({ once: false, port: 7007 });
  });

  it('reads --once and --port', () => {
    expect(readStartOptions(['--once', '--port', '8080'], {})).toEqual({
      once: true,
      port: 8080,
    });
    expect(readStartOptions(['--port=0'], { PORT: '9000' }).port).toBe(0);
  });

  it('takes the port from the environment', () => {
    expect(readStartOptions([], { PORT: '9000' }).port).toBe(9000);
  });

  it.each([
    [['--onec'], 'Unknown argument --onec'],
    [['once'], 'Unknown argument once'],
    [['--port'], 'got ""'],
    [['--port', 'http'], 'got "http"'],
    [['--port', '65536'], 'got "65536"'],
    [['--port=-1'], 'got "-1"'],
  ])('rejects the arguments %j', (args, message) => {
    expect(() => readStartOptions(args, {})).toThrow(StartError);
    expect(() => readStartOptions(args, {})).toThrow(message);
  });
});

describe('the organizations that npm start ingests', () => {
  it('are those of the simulated company when the environment names none', () => {
    expect(readCatalogSource({})).toBeUndefined();
    expect(
      readCatalogSource({ AZURE_DEVOPS_ORGANIZATION: ' , ' }),
    ).toBeUndefined();
  });

  it('come from the environment', () => {
    expect(
      readCatalogSource({
        AZURE_DEVOPS_ORGANIZATION: 'contoso, fabrikam',
        AZURE_DEVOPS_TOKEN: ' secret ',
      }),
    ).toEqual({
      providers: {
        development: {
          host: 'dev.azure.com',
          organizations: ['contoso', 'fabrikam'],
          schedule: { initialDelay: { seconds: 0 } },
        },
      },
      integrations: [
        {
          host: 'dev.azure.com',
          credentials: [{ personalAccessToken: 'secret' }],
        },
      ],
    });
  });

  it('can be collections of a Server, limited to projects and paths', () => {
    expect(
      readCatalogSource({
        AZURE_DEVOPS_HOST: 'tfs.example.com:8443',
        AZURE_DEVOPS_ORGANIZATION: 'tfs/DefaultCollection',
        AZURE_DEVOPS_PROJECT: 'Pay*,My Project',
        AZURE_DEVOPS_PATH: '/catalog-info.yaml,/services/*/catalog-info.yaml',
        AZURE_DEVOPS_TOKEN: 'secret',
      }),
    ).toEqual({
      providers: {
        development: {
          host: 'tfs.example.com:8443',
          organizations: ['tfs/DefaultCollection'],
          schedule: { initialDelay: { seconds: 0 } },
          project: ['Pay*', 'My Project'],
          path: ['/catalog-info.yaml', '/services/*/catalog-info.yaml'],
        },
      },
      integrations: [
        {
          host: 'tfs.example.com:8443',
          credentials: [{ personalAccessToken: 'secret' }],
        },
      ],
    });
  });

  it('need a token in the environment', () => {
    const read = () =>
      readCatalogSource({
        AZURE_DEVOPS_ORGANIZATION: 'contoso',
        AZURE_DEVOPS_TOKEN: ' ',
      });
    expect(read).toThrow(StartError);
    expect(read).toThrow(/\(contoso\), but AZURE_DEVOPS_TOKEN is not/);
  });

  it('must be named where there is a token, and no message repeats the token', () => {
    const read = () => readCatalogSource({ AZURE_DEVOPS_TOKEN: 'hunter2' });
    expect(read).toThrow(StartError);
    expect(read).toThrow(/AZURE_DEVOPS_ORGANIZATION is not/);
    expect(read).not.toThrow(/hunter2/);
  });
});
