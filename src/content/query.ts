import type { VersionRef } from '../azure/types';
import { unsupported, type UnsupportedUrl } from './parsed-url';

const WEB_VERSION_TYPES: Record<string, VersionRef['type']> = {
  GB: 'branch',
  GT: 'tag',
  GC: 'commit',
};
const API_VERSION_TYPES: Record<string, VersionRef['type']> = {
  '0': 'branch',
  '1': 'tag',
  '2': 'commit',
  branch: 'branch',
  tag: 'tag',
  commit: 'commit',
};
const COMMIT_ID = /^[0-9a-f]{7,40}$/i;

/**
 * The parameters of a URL under lower-case names. Pages of older Azure DevOps
 * Server versions keep them behind the `#`.
 */
export function readParameters(url: URL): Map<string, string> {
  const parameters = new Map<string, string>();
  const add = (text: string) => {
    for (const [key, value] of new URLSearchParams(text)) {
      if (!parameters.has(key.toLowerCase())) {
        parameters.set(key.toLowerCase(), value);
      }
    }
  };
  add(url.search);
  if (!parameters.has('path') && /(^#|&)(path|version)=/i.test(url.hash)) {
    add(url.hash.slice(1));
  }
  return parameters;
}

/**
 * Writes a path the one way: with a leading slash, without a trailing one,
 * without empty, `.` and `..` segments. `undefined` stands for the root.
 */
export function normalizePath(
  path: string,
): string | undefined | UnsupportedUrl {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') {
      if (segments.pop() === undefined) {
        return unsupported(
          'path',
          `The path '${path}' leaves the repository. Write it from the repository's root, as in path=/catalog-info.yaml.`,
        );
      }
    } else if (segment !== '' && segment !== '.') {
      segments.push(segment);
    }
  }
  return segments.length > 0 ? `/${segments.join('/')}` : undefined;
}

/** Reads `version=GBmain`, `GTv1.0` or `GC{commit}`, as the pages of Azure DevOps write it. */
export function readWebVersion(
  parameters: ReadonlyMap<string, string>,
): VersionRef | undefined | UnsupportedUrl {
  const text = parameters.get('version');
  if (!text) {
    return undefined;
  }
  const prefix = text.slice(0, 2);
  const version = text.slice(2);
  const type = WEB_VERSION_TYPES[prefix];
  if (!type || version === '') {
    return unsupported(
      'version',
      `The version '${text}' is no branch, tag or commit. Write version=GB followed by a branch, GT by a tag, or GC by a commit id, as in version=GBmain.`,
    );
  }
  return checkVersion({ type, version });
}

/** Reads the version of an `_apis` URL in the spellings that the REST interface takes. */
export function readApiVersion(
  parameters: ReadonlyMap<string, string>,
): VersionRef | undefined | UnsupportedUrl {
  const find = (name: string) =>
    parameters.get(`versiondescriptor.${name}`) ||
    parameters.get(`versiondescriptor[${name}]`) ||
    parameters.get(name);
  const version = find('version');
  if (!version) {
    return undefined;
  }
  const name = find('versiontype') ?? 'branch';
  const type = API_VERSION_TYPES[name.toLowerCase()];
  if (!type) {
    return unsupported(
      'version',
      `The version type '${name}' is unknown. It is branch, tag or commit.`,
    );
  }
  return checkVersion({ type, version });
}

function checkVersion(ref: VersionRef): VersionRef | UnsupportedUrl {
  if (ref.type !== 'commit') {
    return ref;
  }
  return COMMIT_ID.test(ref.version)
    ? { type: 'commit', version: ref.version.toLowerCase() }
    : unsupported(
        'version',
        `'${ref.version}' is no commit id. A commit id is 7 to 40 hexadecimal digits.`,
      );
}
