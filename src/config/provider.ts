import { isCloudHost } from '../organization';
import type { Block } from './block';
import { readOrganizations } from './organizations';
import {
  type DescriptorPath,
  mergeDescriptorPaths,
  type NameFilter,
  nameFilter,
  readDescriptorPath,
} from './patterns';
import { readDuration, readSchedule, SCHEDULE_KEYS } from './schedule';
import type {
  HintSettings,
  ProviderSettings,
  RemovalSettings,
} from './settings';

const DEFAULT_PATH = '/catalog-info.yaml';

const HOUR_MS = 60 * 60 * 1000;

/**
 * How often every repository is verified unless the block says otherwise.
 *
 * Changes that a hint names are seen in the next refresh; this bounds how long
 * one that nothing names stays unseen. Six hours see it within a working day,
 * and with a refresh every 30 minutes cost a twelfth of the repositories as
 * requests: 833 a refresh for 10,000 repositories, about one in two seconds.
 *
 * Azure DevOps Server often has no Code Search, and no rate limits either (https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits
 * is about Services alone), so that an hour costs nobody anything.
 */
const DEFAULT_VERIFY_EVERY_MS = { services: 6 * HOUR_MS, server: HOUR_MS };

/** The keys of one provider. */
export const PROVIDER_KEYS = [
  'host',
  'organization',
  'organizations',
  'project',
  'repository',
  'exclude',
  'branch',
  'path',
  'skipForkedRepos',
  'annotations',
  'discoveryMethod',
  'schedule',
  'removals',
  'verifyEvery',
  'hints',
];
const EXCLUDE_KEYS = ['project', 'repository'];
const REMOVAL_KEYS = [
  'confirmations',
  'maxPercentage',
  'maxConfirmedPercentage',
  'minimum',
  'allow',
];
const HINT_KEYS = ['codeSearch'];

/** Keys that belong elsewhere, or that other providers have under another name. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ...REMOVAL_KEYS.map(
    key => [key, `did you mean \`removals.${key}\`?`] as const,
  ),
  ...HINT_KEYS.map(key => [key, `did you mean \`hints.${key}\`?`] as const),
  ...SCHEDULE_KEYS.map(
    key => [key, `did you mean \`schedule.${key}\`?`] as const,
  ),
  ...['catalogPath', 'entityFilename'].map(
    key => [key, 'did you mean `path`?'] as const,
  ),
  ...[
    'token',
    'credential',
    'credentials',
    'personalAccessToken',
    'clientId',
    'clientSecret',
    'tenantId',
  ].map(
    key =>
      [key, 'credentials are configured under `integrations.azure`'] as const,
  ),
]);

/** As the official module names its providers, so that its entities are taken over rather than removed. */
export function providerNameOf(id: string): string {
  return `AzureDevOpsEntityProvider:${id}`;
}

/**
 * Reads one provider's block. Whatever is wrong is noted in the block; the
 * settings are to be used only when nothing was.
 */
export function readSettings(
  id: string,
  block: Block,
  integrationHosts: ReadonlySet<string>,
): ProviderSettings {
  block.reportUnknownKeys(PROVIDER_KEYS, ELSEWHERE);
  const exclude = block.block('exclude');
  exclude.reportUnknownKeys(EXCLUDE_KEYS);
  // There is nothing to choose: every method is used for what it is good at.
  block.text('discoveryMethod', 'the name of a discovery method');
  const organizations = readOrganizations(block, integrationHosts);
  const isServer = organizations.some(({ host }) => !isCloudHost(host));
  return {
    id,
    providerName: providerNameOf(id),
    organizations,
    project: readNameFilter(block, exclude, 'project'),
    repository: readNameFilter(block, exclude, 'repository'),
    branch: readBranch(block),
    paths: readPaths(block),
    skipForkedRepos: block.boolean('skipForkedRepos', false),
    annotations: block.boolean('annotations', false),
    schedule: readSchedule(block),
    removals: readRemovals(block.block('removals')),
    verifyEveryMs: readDuration(
      block,
      'verifyEvery',
      DEFAULT_VERIFY_EVERY_MS[isServer ? 'server' : 'services'],
    ),
    hints: readHints(block.block('hints')),
  };
}

function readNameFilter(
  block: Block,
  exclude: Block,
  name: 'project' | 'repository',
): NameFilter {
  const include = readNamePatterns(block, name) ?? ['*'];
  const excluded = readNamePatterns(exclude, name) ?? [];
  if (excluded.some(pattern => /^\*+$/.test(pattern))) {
    exclude.note(
      `Expected \`${exclude.key(name)}\` to leave some names, got \`"*"\` (string), which takes all away`,
    );
  }
  return nameFilter(include, excluded);
}

function readNamePatterns(block: Block, name: string): string[] | undefined {
  const expected = `the name of a ${name} or a pattern with \`*\` and \`?\``;
  return block.texts(name, expected)?.flatMap(({ key, text }) => {
    // The official module needs a second pair of quotes around names with spaces.
    const pattern = (/^"(.*)"$/.exec(text)?.[1] ?? text).trim();
    const hasSlash = /[/\\]/.test(pattern);
    if (pattern === '' || hasSlash) {
      const hint = hasSlash ? 'names contain no slash' : undefined;
      block.reportMistake(key, expected, text, hint);
      return [];
    }
    return [pattern];
  });
}

function readBranch(block: Block): string | undefined {
  const expected = 'the name of a branch, such as `main`';
  const text = block.text('branch', expected);
  if (text === undefined) return undefined;
  const branch = text.replace(/^refs\/heads\//, '');
  // What `git check-ref-format` does not take, and tags.
  if (
    /^$|[\s~^:?*[\\\p{Cc}]|\.\.|@\{|^[/.]|\/[/.]|[/.]$|\.lock(?:\/|$)|^refs\//u.test(
      branch,
    )
  ) {
    block.reportMistake(block.key('branch'), expected, text);
    return undefined;
  }
  return branch;
}

function readPaths(block: Block): DescriptorPath[] {
  const found = block.texts(
    'path',
    `a path or a glob, such as \`${DEFAULT_PATH}\``,
  );
  const given = found ?? [{ key: block.key('path'), text: DEFAULT_PATH }];
  return mergeDescriptorPaths(
    given.flatMap(({ key, text }) => {
      const reading = readDescriptorPath(text);
      if (reading.expected === undefined) return reading.paths;
      block.reportMistake(key, reading.expected, text);
      return [];
    }),
  );
}

function readRemovals(removals: Block): RemovalSettings {
  removals.reportUnknownKeys(REMOVAL_KEYS);
  const percentage = { from: 0, to: 100 };
  return {
    confirmations: removals.number('confirmations', {
      from: 1,
      integer: true,
      fallback: 3,
    }),
    maxPercentage: removals.number('maxPercentage', {
      ...percentage,
      fallback: 20,
    }),
    maxConfirmedPercentage: removals.number('maxConfirmedPercentage', {
      ...percentage,
      fallback: 50,
    }),
    minimum: removals.number('minimum', {
      from: 0,
      integer: true,
      fallback: 10,
    }),
    allow: removals.text(
      'allow',
      'the code that was printed when removals were held back',
    ),
  };
}

function readHints(hints: Block): HintSettings {
  hints.reportUnknownKeys(HINT_KEYS);
  return { codeSearch: hints.boolean('codeSearch', true) };
}
