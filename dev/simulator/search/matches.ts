import { filesOf, indexedTip, share, type Staleness } from '../code-index';
import type { Repository } from '../model';
import { nameTest, pathTest, type Test } from './query';
import type { SearchRequest } from './request';

/** One file that a search found. */
export interface Match {
  readonly repository: Repository;
  readonly path: string;
  readonly objectId: string;
  readonly commitId: string;
  readonly hits: ReadonlyArray<{ charOffset: number; length: number }>;
}

export interface IndexState extends Staleness {
  /** Share of the files, from 0 to 1, that results leave out. Default: 0. */
  readonly missingShare?: number;
}

/** The files that a search finds in these repositories, in the order that it asks for. */
export function findMatches(
  repositories: Iterable<Repository>,
  request: SearchRequest,
  state: IndexState,
  now: number,
): Match[] {
  const { missingShare = 0 } = state;
  const isSelected = repositoryTest(request);
  const isWanted = fileTest(request);
  const matches: Match[] = [];
  for (const repository of repositories) {
    const tip =
      isIndexed(repository) && isSelected(repository)
        ? indexedTip(repository, state, now)
        : undefined;
    if (!tip) continue;
    for (const { path, objectId, content } of filesOf(tip.tree)) {
      if (!isWanted(path)) continue;
      const hits = wordHits(content, request.query.words);
      const isMissing =
        missingShare > 0 && share('file', repository.id, path) < missingShare;
      if (!hits || isMissing) continue;
      matches.push({ repository, path, objectId, commitId: tip.id, hits });
    }
  }
  return sorted(matches, request);
}

/** Whether the index covers a repository at all. */
export function isIndexed(repository: Repository): boolean {
  return (
    !repository.isFork &&
    !repository.isHidden &&
    !repository.isDisabled &&
    repository.project.state === 'wellFormed'
  );
}

function repositoryTest({
  query,
  filters,
}: SearchRequest): (repository: Repository) => boolean {
  const ofProject = all([
    anyOf(query.projects.map(nameTest)),
    oneOf(filters.Project),
  ]);
  const ofName = all([
    anyOf(query.repositories.map(nameTest)),
    oneOf(filters.Repository),
  ]);
  return ({ project, name, defaultBranch = '' }) =>
    ofProject(project.name) &&
    ofName(name) &&
    // Branches are refs: their case counts.
    (filters.Branch.length === 0 || filters.Branch.includes(defaultBranch));
}

function fileTest({ query, filters }: SearchRequest): Test {
  const ofPath = all([
    ...query.paths.map(pathTest),
    anyOf(filters.Path.map(folder => pathTest(`/${folder}`))),
  ]);
  const ofName = all(query.files.map(nameTest));
  const ofExtension = all(query.extensions.map(nameTest));
  return path => {
    const name = nameOf(path);
    const dot = name.lastIndexOf('.');
    return (
      ofPath(path) &&
      ofName(name) &&
      ofExtension(dot < 0 ? '' : name.slice(dot + 1))
    );
  };
}

function all(tests: readonly Test[]): Test {
  return text => tests.every(test => test(text));
}

/** Passes everything when nothing is asked for. */
function anyOf(tests: readonly Test[]): Test {
  return text => tests.length === 0 || tests.some(test => test(text));
}

function oneOf(names: readonly string[]): Test {
  const wanted = new Set(names.map(name => name.toLowerCase()));
  return name => wanted.size === 0 || wanted.has(name.toLowerCase());
}

/** Where the words of a search stand in a file; `undefined` when one of them does not. */
function wordHits(
  content: Buffer,
  words: readonly string[],
): Match['hits'] | undefined {
  if (words.length === 0) return [];
  const text = content.toString('utf8').toLowerCase();
  const hits = words.map(word => {
    const wanted = word.replace(/\*+$/, '').toLowerCase();
    return { charOffset: text.indexOf(wanted), length: wanted.length };
  });
  return hits.every(({ charOffset }) => charOffset >= 0) ? hits : undefined;
}

function sorted(matches: Match[], request: SearchRequest): Match[] {
  const direction = request.descending ? -1 : 1;
  const key = {
    path: ({ path }: Match) => path,
    filename: ({ path }: Match) => nameOf(path),
    // By relevance, which nobody can foretell.
    none: () => '',
  }[request.orderBy ?? 'none'];
  return matches
    .map(match => ({
      match,
      key: key(match),
      // What is equal comes in an order that follows from nothing visible.
      rest: match.repository.id + match.path,
    }))
    .sort(
      (a, b) => direction * compare(a.key, b.key) || compare(a.rest, b.rest),
    )
    .map(({ match }) => match);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
