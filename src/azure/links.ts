import { quote } from '../quotation';
import type { Organization } from '../organization';
import { AzureDevOpsRequestError, lastingFault } from './errors';
import type { BrokenLink, ListedItem } from './types';

/** As Linux has it: a path that takes more steps leads nowhere. */
export const MOST_STEPS = 40;
/** How many files and folders links may lead to, all told: links that lead to each other's folders double with each step. */
const MOST_FOLLOWED = 100_000;

/** A listing with its links replaced by what they lead to, as far as the texts of links are known. */
interface FollowedListing {
  readonly items: ListedItem[];
  /** Links whose text has to be read first. */
  readonly unread: ListedItem[];
  /** Whether a link leads to a folder that was not listed. */
  readonly leavesListing: boolean;
}

type Step =
  | { readonly to: string }
  | { readonly broken: BrokenLink }
  | { readonly unread: ListedItem };

/**
 * Where a symbolic link leads: a path from the repository's root, which may
 * lead through further links.
 *
 * @param link - the link's own path
 * @param text - what Git keeps as its content
 */
export function linkTarget(
  link: string,
  text: string,
): { readonly to: string } | { readonly broken: BrokenLink } {
  const outside = {
    broken: {
      link,
      problem: `it points to '${quote(text, { known: [text], maxLength: 200 })}', outside of the repository`,
    },
  };
  if (text === '' || text.includes('\0')) {
    return { broken: { link, problem: 'it points to nothing' } };
  }
  if (text.startsWith('/')) {
    return outside;
  }
  const segments = segmentsOf(link).slice(0, -1);
  for (const segment of segmentsOf(text)) {
    if (segment !== '..') {
      segments.push(segment);
    } else if (segments.pop() === undefined) {
      return outside;
    }
  }
  return { to: `/${segments.join('/')}` };
}

export function loop(link: string): BrokenLink {
  return { link, problem: 'it leads back to itself' };
}

/** The error of a link through which nothing can be read. */
export function brokenLinkError(
  organization: Organization,
  repository: string,
  { link, problem }: BrokenLink,
): AzureDevOpsRequestError {
  return new AzureDevOpsRequestError(
    organization,
    `read ${link} of ${repository}`,
    lastingFault(
      'broken-link',
      `the symbolic link ${link} cannot be followed: ${problem}`,
    ),
  );
}

/**
 * Replaces links by the files that they lead to, those of a folder one by one.
 * A link that leads to nothing is left out; one that leads out of the
 * repository, or back to itself, is there with the problem.
 *
 * @param listed - the folder that was listed
 * @param texts - what links contain, by object id
 * @param isFollowed - by path; other links stay what they are
 */
export function followLinks(
  { listed, items }: { listed: string; items: readonly ListedItem[] },
  texts: Pick<Map<string, string>, 'get'>,
  isFollowed: (path: string) => boolean,
): FollowedListing {
  const follower = new LinkFollower(listed, items, texts);
  const result: ListedItem[] = [];
  for (const item of items) {
    if (item.isSymLink && isFollowed(item.path)) {
      result.push(...follower.follow(item.path, item.path, []));
    } else {
      result.push(item);
    }
  }
  const { unread, leavesListing } = follower;
  return { items: result, unread: [...unread], leavesListing };
}

class LinkFollower {
  readonly unread = new Set<ListedItem>();
  leavesListing = false;
  readonly #listed: string;
  readonly #items: readonly ListedItem[];
  readonly #byPath: ReadonlyMap<string, ListedItem>;
  readonly #texts: Pick<Map<string, string>, 'get'>;
  readonly #below = new Map<string, readonly ListedItem[]>();
  /** To how many files and folders links have led. */
  #followed = 0;

  constructor(
    listed: string,
    items: readonly ListedItem[],
    texts: Pick<Map<string, string>, 'get'>,
  ) {
    this.#listed = listed;
    this.#items = items;
    this.#byPath = new Map(items.map(item => [item.path, item]));
    this.#texts = texts;
  }

  /**
   * What is to be seen in place of a link.
   *
   * @param path - where it is to be seen
   * @param link - the link itself
   * @param inside - the folders that links have led into on the way
   */
  follow(path: string, link: string, inside: readonly string[]): ListedItem[] {
    if (this.#followed > MOST_FOLLOWED) {
      const problem = `with it links lead to more than ${MOST_FOLLOWED} files and folders`;
      return [this.#broken(path, { link, problem })];
    }
    const step = this.#resolve(link);
    if ('unread' in step) {
      this.unread.add(step.unread);
      return [];
    }
    if ('broken' in step) {
      return [this.#broken(path, step.broken)];
    }
    const { to } = step;
    const file = this.#byPath.get(to);
    if (file) {
      return [this.#seen(path, file)];
    }
    if (!isBelow(to, this.#listed) && to !== this.#listed) {
      this.leavesListing = true;
      return [];
    }
    if (inside.includes(to) || isBelow(link, to)) {
      return [this.#broken(path, loop(link))];
    }
    this.#followed += 1;
    return this.#itemsBelow(to).flatMap(item => {
      const seen = path + item.path.slice(to === '/' ? 0 : to.length);
      return item.isSymLink
        ? this.follow(seen, item.path, [...inside, to])
        : [this.#seen(seen, item)];
    });
  }

  #itemsBelow(folder: string): readonly ListedItem[] {
    const items =
      this.#below.get(folder) ??
      this.#items.filter(item => isBelow(item.path, folder));
    this.#below.set(folder, items);
    return items;
  }

  #seen(path: string, { path: source, objectId }: ListedItem): ListedItem {
    this.#followed += 1;
    return { path, objectId, source };
  }

  #broken(path: string, broken: BrokenLink): ListedItem {
    const { objectId = '' } = this.#byPath.get(broken.link) ?? {};
    return { path, objectId, broken };
  }

  /** The file or folder that a path leads to, links on the way included. */
  #resolve(link: string): Step {
    let todo = segmentsOf(link);
    let done = '';
    for (let steps = 0; todo.length > 0;) {
      done += `/${todo.shift()}`;
      const item = this.#byPath.get(done);
      if (!item?.isSymLink) {
        continue;
      }
      const text = this.#texts.get(item.objectId);
      if (text === undefined) {
        return { unread: item };
      }
      const step = linkTarget(done, text);
      if ('broken' in step) {
        return step;
      }
      steps += 1;
      if (steps > MOST_STEPS) {
        return { broken: loop(link) };
      }
      todo = [...segmentsOf(step.to), ...todo];
      done = '';
    }
    return { to: done === '' ? '/' : done };
  }
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter(segment => segment !== '' && segment !== '.');
}

function isBelow(path: string, folder: string): boolean {
  return (
    path.startsWith(folder === '/' ? '/' : `${folder}/`) && path !== folder
  );
}
