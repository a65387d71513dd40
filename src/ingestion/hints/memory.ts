import { ActivityMemory } from './activity';
import { AVAILABLE, type Availability } from './availability';
import { CodeSearchMemory } from './code-search-memory';
import type { HintQuestion, HintSourceName } from './types';

/** What is remembered from one pass over an organization to the next, for as long as the process lives. */
export class OrganizationMemory {
  readonly activity = new ActivityMemory();
  readonly codeSearch = new CodeSearchMemory();
  readonly #availability = new Map<string, Availability>();
  readonly #askedAt = new Map<string, number>();
  readonly #said = new Map<HintSourceName, string>();

  /** Of a source, or of a source for one project. */
  availability(source: HintSourceName, projectId = ''): Availability {
    return this.#availability.get(`${source} ${projectId}`) ?? AVAILABLE;
  }

  setAvailability(
    source: HintSourceName,
    projectId: string | undefined,
    availability: Availability,
  ): void {
    this.#availability.set(`${source} ${projectId ?? ''}`, availability);
  }

  /** When something of the question was last asked, at the earliest; `undefined` for never. */
  askedAt({ source, projects }: HintQuestion): number | undefined {
    const times = projects.map(id => this.#askedAt.get(`${source} ${id}`));
    return times.reduce(
      (earliest, time) =>
        earliest === undefined || time === undefined
          ? undefined
          : Math.min(earliest, time),
      Infinity,
    );
  }

  noteAsked({ source, projects }: HintQuestion, now: number): void {
    for (const id of projects) {
      this.#askedAt.set(`${source} ${id}`, now);
    }
  }

  /** Whether it is news that a source is off for this reason; `undefined`: that it is on. */
  isNews(source: HintSourceName, reason: string | undefined): boolean {
    const former = this.#said.get(source);
    if (reason === undefined) {
      this.#said.delete(source);
    } else {
      this.#said.set(source, reason);
    }
    return former !== reason;
  }
}

/** One provider's memory of hints. */
export class HintMemory {
  readonly #organizations = new Map<string, OrganizationMemory>();

  /** @param key - the organization's key */
  of(key: string): OrganizationMemory {
    let memory = this.#organizations.get(key);
    if (!memory) {
      memory = new OrganizationMemory();
      this.#organizations.set(key, memory);
    }
    return memory;
  }
}
