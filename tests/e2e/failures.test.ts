import {
  addReadableOrganization,
  component,
  setStage,
  TOKEN,
  type Stage,
} from './support';

describe('an organization that cannot be read', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage();
  });
  afterAll(async () => {
    await stage.stop();
  });

  it('loses no entity, does not disturb the others, and the error names the cause and the cure', async () => {
    for (const name of ['contoso', 'fabrikam']) {
      addReadableOrganization(stage.simulator, name)
        .addProject('P')
        .addRepository('r', {
          files: { '/catalog-info.yaml': component(`of-${name}`) },
        });
    }
    const token = 'a-second-personal-access-token-of-the-tests';
    const pat = stage.simulator.addPersonalAccessToken(token, {
      identity: 'second',
    });
    stage.simulator.organization('fabrikam').grant('second');
    const catalog = await stage.catalog({
      integrations: {
        azure: [
          {
            host: 'dev.azure.com',
            credentials: [
              { organizations: ['contoso'], personalAccessToken: TOKEN },
              { organizations: ['fabrikam'], personalAccessToken: token },
            ],
          },
        ],
      },
      providers: { main: { organizations: ['contoso', 'fabrikam'] } },
    });
    expect(await catalog.refresh()).toMatchObject({
      outcome: 'complete',
      entities: 2,
    });

    pat.state = 'expired';
    stage.simulator
      .organization('contoso')
      .project('P')
      .addRepository('new', {
        files: { '/catalog-info.yaml': component('added-meanwhile') },
      });
    const report = await catalog.refresh();
    expect(report.outcome).toBe('failed');
    expect(report.error).toMatch(/dev\.azure\.com\/fabrikam/);
    expect(report.error).toMatch(/expired/);
    expect(report.error).toMatch(/What to do: /);
    expect(report.error).toMatch(/docs\/errors\.md#/);
    expect(report.error).not.toMatch(/contoso/);
    await catalog.settled();
    expect(
      (await catalog.entities({ kind: 'component' }))
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['added-meanwhile', 'of-contoso', 'of-fabrikam']);

    pat.state = 'valid';
    expect(await catalog.refresh()).toMatchObject({
      outcome: 'complete',
      entities: 3,
    });
  });
});
