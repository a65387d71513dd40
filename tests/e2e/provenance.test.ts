import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from './support';

const SECRET = 'content of a file on the backend';

describe('a repository', () => {
  let stage: Stage;
  let directory: string;
  beforeAll(async () => {
    stage = await setStage();
    directory = mkdtempSync(join(tmpdir(), 'backend-files-'));
    writeFileSync(join(directory, 'secret.txt'), SECRET);
  });
  afterAll(async () => {
    await stage.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('cannot make users and groups, nor have files of the backend read by claiming to come from there', async () => {
    const project = addReadableOrganization(
      stage.simulator,
      'contoso',
    ).addProject('P');
    project.addRepository('users', {
      files: {
        '/catalog-info.yaml': [
          'apiVersion: backstage.io/v1alpha1',
          'kind: User',
          'metadata: {name: intruder}',
          'spec: {memberOf: [admins]}',
          '---',
          'apiVersion: backstage.io/v1alpha1',
          'kind: Group',
          'metadata: {name: admins}',
          'spec: {type: team, children: []}',
          '---',
          component('harmless'),
        ].join('\n'),
      },
    });
    project.addRepository('reader', {
      files: {
        '/catalog-info.yaml': [
          'apiVersion: backstage.io/v1alpha1',
          'kind: API',
          'metadata:',
          '  name: reader',
          '  annotations:',
          `    backstage.io/managed-by-location: file:${directory}/catalog-info.yaml`,
          `    backstage.io/managed-by-origin-location: file:${directory}/catalog-info.yaml`,
          'spec:',
          '  type: openapi',
          '  lifecycle: production',
          '  owner: team-a',
          '  definition:',
          '    $text: ./secret.txt',
        ].join('\n'),
      },
    });
    const catalog = await stage.catalog({
      providers: { main: { organization: 'contoso' } },
    });
    const report = await catalog.refresh();
    await catalog.settled();

    const refs = (await catalog.entities()).map(
      ({ kind, metadata }) => `${kind}:${metadata.name}`,
    );
    expect(refs).toContain('Component:harmless');
    expect(refs.filter(ref => /^(User|Group):/.test(ref))).toEqual([]);
    expect(report.rejectedFiles).toEqual([
      expect.objectContaining({
        target:
          'https://dev.azure.com/contoso/P/_git/users?path=/catalog-info.yaml',
        errors: [
          expect.stringMatching(/^document 1.*user:default\/intruder/),
          expect.stringMatching(/^document 2.*group:default\/admins/),
        ],
      }),
    ]);

    // The placeholder was looked for beside the file that it really stands in.
    const state = await catalog.knex('refresh_state').select();
    expect(JSON.stringify(state)).not.toContain(SECRET);
    expect(
      stage.simulator.requests
        .list({ endpoint: 'items' })
        .some(({ url }) => /secret\.txt/.test(url)),
    ).toBe(true);
  });
});
