/** Projects that are searched in one request. */
export interface Pack<P> {
  readonly projects: readonly P[];
  /** How many files the search is expected to find. */
  readonly expected: number;
}

/** One request can filter by several projects; how many, nobody says. */
const MOST_PROJECTS = 50;

/**
 * Pure. Packs projects so that the files of each pack fit into `size`, the
 * largest first. A project that has more than that is a pack of its own.
 *
 * @param weigh - how many files a project has
 */
export function packProjects<P>(
  projects: readonly P[],
  size: number,
  weigh: (project: P) => number,
): Array<Pack<P>> {
  const sorted = projects
    .map(project => ({ project, weight: weigh(project) }))
    .sort((a, b) => b.weight - a.weight);
  const packs: Array<{ projects: P[]; expected: number }> = [];
  for (const { project, weight } of sorted) {
    const pack = packs.find(
      ({ projects: others, expected }) =>
        others.length < MOST_PROJECTS && expected + weight <= size,
    );
    if (pack) {
      pack.projects.push(project);
      pack.expected += weight;
    } else {
      packs.push({ projects: [project], expected: weight });
    }
  }
  return packs;
}
