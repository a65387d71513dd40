import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type Browser,
  type ConsoleMessage,
  type Page,
  chromium,
} from 'playwright-core';

const CANDIDATES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

const executablePath = [process.env.CHROMIUM_PATH, ...CANDIDATES].find(
  (path): path is string => path !== undefined && existsSync(path),
);

const screenshots = resolve(__dirname, '..', '..', '.output', 'screenshots');

/** A `describe` that runs where there is a browser, and prints what to do where there is none. */
export function describeWithBrowser(name: string, body: () => void): void {
  if (executablePath) {
    describe(name, body);
  } else {
    describe(name, () => {
      it.skip(`needs Chromium: install it, or set CHROMIUM_PATH; looked at ${CANDIDATES.join(', ')}`, () => {});
    });
  }
}

export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath,
    args: [
      '--disable-gpu',
      // It connects to the page and to nothing else.
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      // Chromium's sandbox does not work for root, which containers often are.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
}

/** A page that remembers what went wrong in it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of the page's scripts and on its console, oldest first. */
  readonly errors: string[];
}

export async function openPage(
  browser: Browser,
  baseURL: string,
): Promise<WatchedPage> {
  const context = await browser.newContext({
    baseURL,
    viewport: { width: 1680, height: 900 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  // Less than a test may take: what is not there by then does not come.
  page.setDefaultTimeout(240_000);
  const errors: string[] = [];
  page.on('pageerror', error => errors.push(String(error)));
  page.on('console', message => {
    if (message.type() === 'error') errors.push(describeMessage(message));
  });
  return { page, errors };
}

function describeMessage(message: ConsoleMessage): string {
  return `${message.text()} (${message.location().url})`;
}

/** Keeps what the page looks like, in .output/screenshots. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({
    path: join(screenshots, `${name}.png`),
    animations: 'disabled',
  });
}
