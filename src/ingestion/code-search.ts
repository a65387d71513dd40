import { braceExpand } from 'minimatch';
import type { AzureDevOpsClient, IndexedFile } from '../azure/types';
import type { DescriptorPath } from '../config/patterns';
import { inHalf } from '../ledger/rows';

/** How many files one request shows. */
const PAGE = 1_000;
/** How many projects one search is filtered by at most; the service documents no limit. */
const MAX_PROJECTS = 50;
/** How many searches one refresh of an organization makes at most. What they leave out waits for its turn to be verified. */
const MAX_SEARCHES = 100;

/** A project to be searched. */
export interface SearchedProject {
  readonly name: string;
  /** How many descriptors the ledger knows of. */
  readonly descriptors: number;
}

/** What the search index knows of the descriptors of an organization, or of a part of them. */
export interface SearchedFiles {
  readonly files: readonly IndexedFile[];
  /** The index is being built. */
  readonly indexing: boolean;
  readonly requests: number;
}

/**
 * Asks Code Search for all files that any of the texts finds. Results beyond
 * 2,000 cannot be reached, so that projects are searched in groups, and a group
 * that has more files than expected is searched again in halves.
 *
 * @param everyProject - whether these are all projects of the organization, so that a single search needs no filter
 * @throws what the client throws
 */
export async function searchFiles(
  client: Pick<AzureDevOpsClient, 'searchFiles'>,
  options: {
    readonly texts: readonly string[];
    readonly projects: readonly SearchedProject[];
    readonly everyProject: boolean;
    readonly signal?: AbortSignal;
  },
): Promise<SearchedFiles> {
  const { texts, everyProject, signal } = options;
  const groups = groupProjects(options.projects);
  const queue = texts.flatMap(searchText =>
    groups.map(projects => ({ searchText, projects })),
  );
  const files: IndexedFile[] = [];
  let indexing = false;
  let requests = 0;
  // The queue grows while it is worked off.
  for (const [i, { searchText, projects }] of queue.entries()) {
    if (i >= MAX_SEARCHES) {
      break;
    }
    const isWhole = everyProject && projects.length === options.projects.length;
    const result = await client.searchFiles({
      searchText,
      projects: isWhole ? undefined : projects.map(({ name }) => name),
      signal,
    });
    files.push(...result.files);
    requests += result.requests;
    indexing ||= result.indexing;
    if (!result.complete && !result.indexing && projects.length > 1) {
      for (const half of inHalf(projects)) {
        queue.push({ searchText, projects: half });
      }
    }
  }
  return { files, indexing, requests };
}

/** Pure. Groups of neighbouring projects that together have no more descriptors than one request shows. */
export function groupProjects(
  projects: readonly SearchedProject[],
): SearchedProject[][] {
  const groups: SearchedProject[][] = [];
  let descriptors = Infinity;
  for (const project of projects) {
    const last = groups.at(-1);
    descriptors += project.descriptors;
    if (last && descriptors <= PAGE && last.length < MAX_PROJECTS) {
      last.push(project);
    } else {
      groups.push([project]);
      descriptors = project.descriptors;
    }
  }
  return groups;
}

/**
 * Pure. What to ask Code Search for, so that it finds the files of a path; each
 * text is a search of its own. Empty when no search can find them: words must
 * not begin with a wildcard, and know no character classes.
 *
 * A literal path is asked for as such. Of a glob only the name of the file is
 * asked for, since what `*` means within `path:` is not what it means to Git;
 * the paths of the results have to be matched again.
 *
 * Source: https://learn.microsoft.com/azure/devops/project/search/functional-code-search
 */
export function searchTexts(path: DescriptorPath): string[] {
  if (path.kind === 'literal') {
    return isPlain(path.path) ? [`path:${quoted(path.path)}`] : [];
  }
  const names = new Set(
    braceExpand(path.pattern).map(pattern =>
      pattern.slice(pattern.lastIndexOf('/') + 1),
    ),
  );
  const texts = [...names].map(name =>
    /^[*?]|[[\]]/.test(name) || !isPlain(name)
      ? undefined
      : `file:${quoted(name)}`,
  );
  // Files of which only half are found would look like all of them.
  return texts.every(text => text !== undefined) ? texts : [];
}

/** A quotation mark cannot be written within quotation marks. */
function isPlain(text: string): boolean {
  return !text.includes('"');
}

function quoted(text: string): string {
  return /\s/.test(text) ? `"${text}"` : text;
}
