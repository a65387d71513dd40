import {
  descriptor,
  HOUR,
  MINUTE,
  setHintStage,
  type HintStage,
} from './support';

describe('a file from a template that is the same in two hundred repositories', () => {
  let stage: HintStage;
  beforeAll(async () => {
    stage = await setHintStage({ path: '/**/catalog-info.yaml' });
    const project = stage.organization.addProject('p');
    for (let i = 0; i < 200; i++) {
      project.addRepository(`r${i}`, {
        files: {
          '/catalog-info.yaml': descriptor('template'),
          '/docs/catalog-info.yaml': descriptor(`own${i}`),
        },
      });
    }
  });
  afterAll(async () => {
    await stage.stop();
  });

  it('is downloaded once in the first refresh', async () => {
    const { report, requests } = await stage.refresh();
    expect(report).toMatchObject({ descriptors: 400, entities: 201 });
    expect(requests).toMatchObject({ items: 200, blobs: 200 });
  });

  it('is downloaded once more when two of them change it alike', async () => {
    stage.advance(HOUR);
    for (const name of ['r7', 'r8']) {
      stage.organization
        .project('p')
        .repository(name)
        .push({
          files: { '/catalog-info.yaml': descriptor('template', 'changed') },
        });
    }
    stage.advance(MINUTE);
    const { report, requests } = await stage.refresh();
    expect(report.organizations[0]?.probes.reasons).toMatchObject({
      hinted: 2,
    });
    expect(requests.blobs).toBe(1);
  });
});
