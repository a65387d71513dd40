import type { Browser, Locator, Page } from 'playwright-core';
import { setTimeout as wait } from 'node:timers/promises';
import { Control } from '../start/control';
import { NpmStart } from '../start/npm-start';
import {
  type WatchedPage,
  describeWithBrowser,
  launchBrowser,
  openPage,
  screenshot,
} from './browser';

const ORGANIZATION = 'nordhavn';
const PROJECT = 'Onboarding';

/** Repositories that come after the first refresh, so that the provider does not know them yet. */
const NEWCOMERS = {
  tariffs: `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: tariffs
  description: What a container costs from here to there
spec:
  type: service
  lifecycle: experimental
  owner: group:commerce
`,
  manifests: `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: manifests
spec:
  type: service
  lifecycle: experimental
  owner: group:commerce
  providesApis: [manifests-api]
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata:
  name: manifests-api
spec:
  type: openapi
  lifecycle: production
  owner: group:commerce
  definition: 'openapi: 3.0.3'
`,
};

describeWithBrowser('the web app of npm start', () => {
  let started: NpmStart;
  let baseUrl: string;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    started = NpmStart.run(['--port', '0']);
    await started.find(/Ctrl-C stops it/);
    baseUrl = (await started.find(/Web app: +(\S+)/))[1] ?? '';
    const controlUrl = (await started.find(/control: +(\S+)/))[1] ?? '';
    const control = new Control(controlUrl);
    for (const [name, text] of Object.entries(NEWCOMERS)) {
      await control.do('push', {
        organization: ORGANIZATION,
        project: PROJECT,
        repository: name,
        files: { 'catalog-info.yaml': text },
      });
    }
    await control.do('push', {
      organization: ORGANIZATION,
      project: PROJECT,
      repository: 'spreadsheets',
      files: { 'README.md': '# Spreadsheets\n' },
    });
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await started?.kill();
  });

  beforeEach(async () => {
    watched = await openPage(browser, baseUrl);
    page = watched.page;
  });

  afterEach(async () => {
    if (!page.isClosed()) await page.context().close();
  });

  function repositoryUrl(project: string, name: string): string {
    return `https://dev.azure.com/${ORGANIZATION}/${project}/_git/${name}`;
  }

  /** Pastes a URL on the page that registers components. */
  async function analyze(url: string): Promise<void> {
    await page.goto('/catalog-import');
    await page.getByRole('textbox', { name: 'URL' }).fill(url);
    await page.getByRole('button', { name: 'Analyze' }).click();
  }

  /** Imports what is reviewed, and follows a link to one of its components once the catalog has it. */
  async function importAndFollow(link: Locator, name: string): Promise<void> {
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('have been added to the catalog').waitFor();
    await untilInCatalog(name);
    await link.click();
    await page.getByRole('heading', { name, exact: true }).waitFor();
  }

  async function untilInCatalog(name: string): Promise<void> {
    const url = `${baseUrl}/api/catalog/entities/by-name/component/default/${name}`;
    while ((await fetch(url)).status === 404) await wait(250);
  }

  it('shows the components of the simulated company, and no secret in the page', async () => {
    await page.goto('/');
    await page
      .getByRole('heading', { name: /All Components \(\d+\)/ })
      .first()
      .waitFor();
    await page.getByRole('link', { name: 'booking-api' }).waitFor();
    await screenshot(page, 'catalog');

    const configuration = await page
      .locator('script[type="backstage.io/config"]')
      .textContent();
    expect(configuration).toContain('dev.azure.com');
    expect(configuration).not.toMatch(/token|credential/i);
    expect(watched.errors).toEqual([]);
  });

  it('links an entity to its file at Azure DevOps', async () => {
    await page.goto('/catalog/default/component/booking-api');
    await page.getByRole('heading', { name: 'booking-api' }).waitFor();
    const source = page.getByRole('link', { name: /view source/i });
    await source.waitFor();
    await screenshot(page, 'entity');

    expect(await source.getAttribute('href')).toContain(
      `https://dev.azure.com/${ORGANIZATION}/Booking/_git/booking-api`,
    );
    expect(watched.errors).toEqual([]);
  });

  it('imports the component of a file whose URL is pasted', async () => {
    await analyze(
      `${repositoryUrl(PROJECT, 'tariffs')}?path=/catalog-info.yaml`,
    );
    await page.getByText('The following entities will be added').waitFor();
    await page.getByText('tariffs', { exact: true }).waitFor();
    await screenshot(page, 'import-file-review');

    await importAndFollow(
      page.getByRole('button', { name: 'View Component' }),
      'tariffs',
    );
    await page
      .getByText('What a container costs from here to there')
      .first()
      .waitFor();
    await screenshot(page, 'import-file-entity');
    expect(watched.errors).toEqual([]);
  });

  it('imports the entities of a repository whose URL is pasted, and finds the descriptor itself', async () => {
    await analyze(repositoryUrl(PROJECT, 'manifests'));
    await page.getByText('The following entities will be added').waitFor();
    await page.getByText('Entities: 2').waitFor();
    await page
      .getByText(
        `${repositoryUrl(PROJECT, 'manifests')}?path=/catalog-info.yaml`,
      )
      .waitFor();
    await screenshot(page, 'import-repository-review');

    await importAndFollow(
      page.getByText('manifests', { exact: true }),
      'manifests',
    );
    await page.getByText('experimental').first().waitFor();
    await screenshot(page, 'import-repository-entity');
    expect(watched.errors).toEqual([]);
  });

  it('shows that the catalog has a repository when its URL is pasted', async () => {
    await analyze(repositoryUrl('Booking', 'booking-api'));
    await page
      .getByText('The following locations already exist in the catalog')
      .waitFor();
    await screenshot(page, 'import-already-provided');

    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText('A refresh was triggered').waitFor();
    expect(watched.errors).toEqual([]);
  });

  it('proposes a descriptor for a repository that has none', async () => {
    await analyze(repositoryUrl(PROJECT, 'spreadsheets'));
    await page.getByText('could not be found. Use this form').waitFor();
    await page.getByText('Preview Entities').waitFor();
    await screenshot(page, 'import-proposal');
    expect(watched.errors).toEqual([]);
  });

  it('shows that a repository was not found when its URL is pasted', async () => {
    const answered = page.waitForResponse(/analyze-location/);
    await analyze(repositoryUrl(PROJECT, 'nowhere'));
    await page.getByText('Received http response 404').waitFor();
    await screenshot(page, 'import-missing-repository');

    // The page shows the status alone; the reason is in the answer.
    const { error } = await (await answered).json();
    expect(error.message).toMatch(/nowhere/);
    expect(watched.errors).toEqual([
      expect.stringMatching(/404 .*analyze-location/),
    ]);
  });

  it('shows that a file was not found when its URL is pasted', async () => {
    await analyze(`${repositoryUrl(PROJECT, 'tariffs')}?path=/nothing.yaml`);
    await page
      .getByText(/nothing\.yaml/)
      .last()
      .waitFor();
    await page.getByText(/not found|no matching files/i).waitFor();
    await screenshot(page, 'import-missing-file');
    expect(watched.errors).toEqual([
      expect.stringMatching(/40[04] .*locations/),
    ]);
  });

  it("lists the provider's refresh among the scheduled tasks", async () => {
    await page.goto('/devtools');
    await page.getByText('AzureDevOpsEntityProvider:company:refresh').waitFor();
    await screenshot(page, 'scheduled-tasks');
    expect(watched.errors).toEqual([]);
  });

  it('opens the page of entities that the catalog could not process', async () => {
    await page.goto('/devtools/unprocessed-entities');
    await page.getByRole('tab', { name: 'Pending' }).click();
    await page
      .getByText(/No pending entities found|^group:/)
      .first()
      .waitFor();
    await screenshot(page, 'unprocessed-entities');
    expect(watched.errors).toEqual([]);
  });
});
