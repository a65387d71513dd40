import type { Config } from '@backstage/config';
import { isObject } from '../json';
import {
  CLOUD_HOST,
  isCloudHost,
  isLegacyCloudHost,
  Organization,
} from '../organization';
import { type Block, type FoundText, valueAt } from './block';

const A_HOST =
  'a host without scheme and path, such as `dev.azure.com`, `contoso.visualstudio.com` or `devops.example.com:8080`';

/** How a Server is named that is read without TLS. */
const PLAIN_HTTP = 'http://';

/**
 * Reads `host`, `organization` and `organizations`.
 *
 * @param integrationHosts - the hosts under `integrations.azure`; an Azure DevOps Server has to be one of them
 */
export function readOrganizations(
  block: Block,
  integrationHosts: ReadonlySet<string>,
): Organization[] {
  const place = readHost(block, integrationHosts);
  const legacyName = place && legacyOrganization(place.host);
  const found = readNames(block, legacyName);
  if (place === undefined) {
    // Which names are right depends on the host, so only what is wrong for any is reported.
    found.forEach(name => checkName(block, name, CLOUD_HOST));
    return [];
  }
  const { host, scheme } = place;
  const organizations: Organization[] = [];
  const seen = new Map<string, string>();
  for (const { key, text } of found) {
    const name = checkName(block, { key, text }, host);
    if (name === undefined) continue;
    if (
      legacyName !== undefined &&
      name.toLowerCase() !== legacyName.toLowerCase()
    ) {
      block.reportMistake(
        key,
        `\`${legacyName}\`, the organization of the host \`${host}\`, or to be left out`,
        text,
      );
      continue;
    }
    const organization = new Organization(
      hostToRead(host, integrationHosts),
      name,
      scheme,
    );
    const first = seen.get(organization.key);
    if (first) {
      block.note(
        `Expected \`${key}\` to differ from \`${first}\`: both are the organization \`${name}\` (case does not matter)`,
      );
      continue;
    }
    seen.set(organization.key, key);
    organizations.push(organization);
  }
  return organizations;
}

/**
 * An organization under its legacy name is read under the new one, unless
 * `integrations.azure` has the old host: Backstage resolves what a descriptor
 * refers to, and where it lies, for URLs of configured hosts only.
 */
function hostToRead(
  host: string,
  integrationHosts: ReadonlySet<string>,
): string {
  return isLegacyCloudHost(host) && !integrationHosts.has(host)
    ? CLOUD_HOST
    : host;
}

/** The hosts under `integrations.azure`, whatever else may be wrong there. */
export function readIntegrationHosts(config: Config): ReadonlySet<string> {
  const hosts = new Set([CLOUD_HOST]);
  const integrations = valueAt(config, 'integrations.azure');
  for (const integration of Array.isArray(integrations) ? integrations : []) {
    if (!isObject(integration) || typeof integration.host !== 'string')
      continue;
    const host = normalizedHost(integration.host.trim());
    if (host) hosts.add(host);
  }
  return hosts;
}

function readHost(
  block: Block,
  integrationHosts: ReadonlySet<string>,
): Pick<Organization, 'host' | 'scheme'> | undefined {
  if (block.raw('host') === undefined) {
    return { host: CLOUD_HOST, scheme: 'https' };
  }
  const text = block.text('host', A_HOST);
  if (text === undefined) return undefined;
  const isPlain = text.startsWith(PLAIN_HTTP);
  const host = isPlain
    ? normalizedHost(text.slice(PLAIN_HTTP.length), PLAIN_HTTP)
    : normalizedHost(text);
  if (
    host === undefined ||
    isServiceHost(host) ||
    (isPlain && isCloudHost(host))
  ) {
    block.reportMistake(block.key('host'), A_HOST, text, hintForHost(text));
    return undefined;
  }
  if (!isCloudHost(host) && !integrationHosts.has(host)) {
    block.reportMistake(
      block.key('host'),
      'the `host` of one of the entries under `integrations.azure`',
      text,
      `those are ${[...integrationHosts].map(known => `\`${known}\``).join(', ')}`,
    );
  }
  return { host, scheme: isPlain ? 'http' : 'https' };
}

/** In the one spelling that URLs have: lower case, without the port that the scheme has anyway. */
function normalizedHost(text: string, scheme = 'https://'): string | undefined {
  if (/[\s/\\?#@]/.test(text)) return undefined;
  try {
    const { host, pathname } = new URL(`${scheme}${text}`);
    return host !== '' && pathname === '/' ? host : undefined;
  } catch {
    return undefined;
  }
}

/** Hosts of Azure DevOps Services that are not where organizations live, such as its search or its SSH server. */
function isServiceHost(host: string): boolean {
  return (
    host.endsWith(`.${CLOUD_HOST}`) ||
    host === 'visualstudio.com' ||
    (isLegacyCloudHost(host) && legacyOrganization(host) === undefined)
  );
}

function hintForHost(text: string): string | undefined {
  try {
    const { host } = new URL(text);
    return host ? `write \`${host}\`` : undefined;
  } catch {
    return undefined;
  }
}

/** `contoso` for `contoso.visualstudio.com`; `undefined` for any other host. */
function legacyOrganization(host: string): string | undefined {
  return /^([a-z0-9][a-z0-9-]*)\.visualstudio\.com$/.exec(host)?.[1];
}

function readNames(block: Block, legacyName: string | undefined): FoundText[] {
  const one = block.raw('organization');
  const many = block.raw('organizations');
  if (one !== undefined && many !== undefined) {
    block.note(
      `Expected only one of \`${block.key('organization')}\` and \`${block.key('organizations')}\`, got both; put all the names under \`organizations\``,
    );
    return [];
  }
  if (Array.isArray(one)) {
    block.reportMistake(
      block.key('organization'),
      'the name of one organization',
      one,
      'for several use `organizations`',
    );
    return [];
  }
  if (many !== undefined) {
    return block.texts('organizations', 'the name of an organization') ?? [];
  }
  if (one !== undefined || legacyName === undefined) {
    const expected =
      'the name of an organization (for Azure DevOps Server: of a collection)';
    if (one === undefined) {
      block.reportMistake(block.key('organization'), expected, undefined);
      return [];
    }
    const text = block.text('organization', expected);
    return text === undefined ? [] : [{ key: block.key('organization'), text }];
  }
  return [{ key: block.key('host'), text: legacyName }];
}

/** The name of an organization, or of a collection with its virtual directory; notes what it cannot be. */
function checkName(
  block: Block,
  { key, text }: FoundText,
  host: string,
): string | undefined {
  const cloud = isCloudHost(host);
  const expected = cloud
    ? 'the name of an organization, such as `contoso`'
    : 'the name of a collection, such as `DefaultCollection` or `tfs/DefaultCollection`';
  const reportMistake = (hint?: string) => {
    block.reportMistake(key, expected, text, hint);
    return undefined;
  };
  if (text.includes('*')) {
    return reportMistake(
      'organizations cannot be given as a pattern, because no request lists them',
    );
  }
  if (text.includes('://')) {
    return reportMistake('the scheme and the host are not part of it');
  }
  const name = text.replace(/^\/+|\/+$/g, '');
  const segments = name.split('/');
  const wrong = segments.some(
    segment => /^\.{0,2}$/.test(segment) || /[\\:?#@<>|"]/.test(segment),
  );
  if (wrong || (cloud && (segments.length > 1 || /\s/.test(name)))) {
    return reportMistake();
  }
  return name;
}
