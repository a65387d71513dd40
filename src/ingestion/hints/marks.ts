/** Signs of change in one repository, as a source shows them: what they are about, and what they say. */
export type Marks = ReadonlyMap<string, string>;

interface Seen {
  readonly value: string;
  /** When the source first said so, in milliseconds since 1970. */
  readonly since: number;
}

/**
 * Remembers what a source has said before, so that it is not believed again and
 * again: statistics show a push for as long as its hour is asked for, and an
 * index that is behind shows an old file for hours.
 *
 * A sign is news until its repository has been verified after the sign was
 * first seen: whatever it stands for was there to be found by then. Kept in
 * memory alone; after a restart some repositories are probed once more.
 */
export class MarkMemory {
  /** By project, so that what an answer no longer shows is forgotten with it. */
  readonly #projects = new Map<string, Map<string, Map<string, Seen>>>();

  /**
   * Takes what the source now says of the repositories of one project.
   *
   * @param verifiedAt - when a repository was last verified, in milliseconds since 1970
   * @returns the repositories of which it says something new
   */
  take(
    projectId: string,
    repositories: ReadonlyMap<string, Marks>,
    verifiedAt: (repositoryId: string) => number,
    now: number,
  ): Set<string> {
    const before = this.#projects.get(projectId);
    const after = new Map<string, Map<string, Seen>>();
    const news = new Set<string>();
    for (const [id, marks] of repositories) {
      const seen = new Map<string, Seen>();
      for (const [key, value] of marks) {
        const former = before?.get(id)?.get(key);
        const mark = former?.value === value ? former : { value, since: now };
        seen.set(key, mark);
        if (verifiedAt(id) < mark.since) {
          news.add(id);
        }
      }
      if (seen.size > 0) {
        after.set(id, seen);
      }
    }
    if (after.size > 0) {
      this.#projects.set(projectId, after);
    } else {
      this.#projects.delete(projectId);
    }
    return news;
  }
}
