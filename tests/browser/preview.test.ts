import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { renderHtml } from '../../src/cli/preview-html';
import {
  chooseOwners,
  type PreviewedOrganization,
  summaryOfAll,
} from '../../src/cli/preview-model';
import type { PreviewedRepository } from '../../src/ingestion/preview';
import { canonicalUrl } from '../../src/descriptors/url';
import { Organization } from '../../src/organization';
import {
  describeWithBrowser,
  launchBrowser,
  openPage,
  screenshot,
} from './browser';

const organization = new Organization('dev.azure.com', 'nordhavn');
const PROJECTS = [
  'Berth Planning',
  'Customs',
  'Harbour Platform',
  'Onboarding',
  'Payments',
  'Pilotage',
  'Storage & Handling',
  'Tariffs',
  'Vessel Traffic',
  'Weather',
];
const NAMES = [
  'api',
  'web',
  'worker',
  'schema',
  'infra',
  'docs',
  'client',
  'jobs',
];
const MESSAGES = [
  "metadata.name is a number; expected a text, so write it in quotes: '4711'",
  'not valid YAML: Nested mappings are not allowed in compact mappings',
  'group:default/dockers is of a kind that catalog.rules does not allow for this location; an administrator of the catalog can allow it there',
];
const HOSTILE = '</script><script>document.title = "owned"</script><!--';

/** Repositories as a large organization has them, the same in every run. */
function company(size: number): PreviewedOrganization {
  const repositories = Array.from({ length: size }, (_, i) => repository(i));
  return { provider: 'main', organization, repositories };
}

function repository(i: number): PreviewedRepository {
  const project = PROJECTS[(i * 7) % PROJECTS.length] ?? '';
  const name =
    i === 7
      ? HOSTILE
      : `${NAMES[i % NAMES.length]}-${String(i).padStart(5, '0')}`;
  const base = {
    repository: {
      id: `id-${i}`,
      name,
      project: { id: project, name: project, state: 'wellFormed' },
      isDisabled: false,
      isFork: false,
      defaultBranch: 'main',
    } as PreviewedRepository['repository'],
    files: [],
  };
  if (i % 19 === 3) return { ...base, skipped: 'disabled' };
  if (i % 997 === 5)
    return { ...base, unknown: 'the service answered 403 (Forbidden)' };
  if ((i * 7919) % 97 < (project.length * 5) % 60) return base;
  const path = '/catalog-info.yaml';
  const target = canonicalUrl({
    organization,
    project,
    repository: name,
    path,
  });
  const entityRef = `component:default/${i === 7 ? 'hostile' : name}`;
  const entity = JSON.stringify({ kind: 'Component' });
  const isBroken = i === 7 || i % 83 === 11;
  return {
    ...base,
    files: [
      {
        outcome: 'present',
        path,
        target,
        objectId: '',
        signature: '',
        claims: [{ entityRef, kind: 'entity', entity }],
        rejections: isBroken
          ? [
              {
                index: 1,
                reason: 'syntax',
                line: 14,
                column: 3,
                message:
                  i === 7 ? HOSTILE : (MESSAGES[i % MESSAGES.length] ?? ''),
              },
            ]
          : [],
        forbidden: [],
        unreadable: isBroken,
      },
    ],
  };
}

describeWithBrowser('the page of a preview', () => {
  let browser: Browser;
  let directory: string;
  beforeAll(async () => {
    browser = await launchBrowser();
    directory = mkdtempSync(join(tmpdir(), 'preview-'));
  });
  afterAll(async () => {
    await browser.close();
    rmSync(directory, { recursive: true });
  });

  it('shows and searches 10,000 repositories, from a file, with nothing loaded and nothing of a repository run', async () => {
    const organizations = [company(10_000)];
    const counts = summaryOfAll({ organizations });
    const file = join(directory, 'coverage.html');
    const at = Date.parse('2026-11-28T12:00:00Z');
    const html = renderHtml({
      at,
      organizations,
      ...chooseOwners(organizations),
    });
    writeFileSync(file, html);
    const { page, errors } = await openPage(browser, 'http://localhost');
    const requests: string[] = [];
    page.on('request', request => requests.push(request.url()));

    const shown = page.locator('#shown');
    const search = page.locator('#search');
    await page.goto(pathToFileURL(file).href);
    await shown.getByText('10,000 of 10,000').waitFor();
    await screenshot(page, 'preview');
    const button = (state: string) =>
      page.locator(`#states button[data-state="${state}"] b`);
    for (const [state, count] of Object.entries(counts)) {
      expect(await button(state).textContent()).toBe(
        count.toLocaleString('en-US'),
      );
      expect(count).toBeGreaterThan(5);
    }
    expect(await page.locator('#projects tbody tr').count()).toBe(
      PROJECTS.length,
    );
    expect(await page.locator('article').count()).toBe(100);

    await search.fill('worker-00010');
    await shown.getByText('1 of 10,000').waitFor();
    expect(await page.locator('article').textContent()).toContain(
      'worker-00010',
    );

    await search.fill('');
    await page.locator('#states button[data-state="broken"]').click();
    await shown.getByText(`${counts.broken} of 10,000`).waitFor();
    const message = page
      .locator('article .bad a', { hasText: 'line 14' })
      .nth(1);
    expect(await message.getAttribute('href')).toMatch(
      /^https:\/\/dev\.azure\.com\/nordhavn\/.*path=\/catalog-info\.yaml&line=14&lineEnd=15&lineStartColumn=3/,
    );

    await page.locator('#states button[data-state=""]').click();
    await page.locator('#projects tbody tr').first().click();
    await shown.getByText(/^1,000 of/).waitFor();

    await search.fill('owned');
    await page.locator('#projects tbody tr').first().click();
    await shown.getByText('1 of 10,000').waitFor();
    expect(await page.locator('article').textContent()).toContain(HOSTILE);
    expect(await page.title()).toBe(
      'What a refresh finds in dev.azure.com/nordhavn',
    );
    expect(requests).toEqual([pathToFileURL(file).href]);
    expect(errors).toEqual([]);
  });
});
