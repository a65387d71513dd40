import { afterFailure, AVAILABLE, isOff, isRefusal } from './availability';
import type { OrganizationMemory } from './memory';
import { byWorth } from './questions';
import type {
  HintAnswer,
  HintQuestion,
  HintScope,
  HintSource,
  HintSourceName,
} from './types';

/** How many questions are put at a time. */
const WAVE = 8;

/** A source that can be asked, and what can be asked about. */
export interface AskableSource {
  readonly source: HintSource;
  readonly scope: HintScope;
  /** Projects that it has to be asked about now. */
  readonly urgent: ReadonlySet<string>;
}

/** What one source answered in one pass. */
export interface Answers {
  readonly answers: readonly HintAnswer[];
  /** How many requests the answers took. */
  readonly requests: number;
}

/**
 * Puts the questions that are worth most, of all sources together, within a
 * number of requests. A source that fails is given up until the memory says
 * that it may be tried again; the others have what it leaves.
 *
 * @throws only on an abort
 */
export async function askSources(
  sources: readonly AskableSource[],
  memory: OrganizationMemory,
  options: { budget: number; now: number; signal?: AbortSignal },
): Promise<Map<HintSourceName, Answers>> {
  const { now, signal } = options;
  const inquiries = new Map<HintSourceName, Inquiry>(
    sources.map(each => [each.source.name, new Inquiry(each, memory, now)]),
  );
  const of = ({ source }: HintQuestion) => inquiries.get(source);
  let queue = byWorth(
    [...inquiries.values()].flatMap(inquiry => inquiry.questions()),
    {
      urgent: question => of(question)?.isUrgent(question) ?? false,
      askedAt: question => memory.askedAt(question),
      now,
    },
  );
  let budget = options.budget;
  while (budget > 0) {
    signal?.throwIfAborted();
    const wave: HintQuestion[] = [];
    let cost = 0;
    for (const question of queue) {
      // What is dearer than the whole budget would otherwise never have its turn.
      const fits =
        cost + question.cost <= budget ||
        (budget === options.budget && wave.length === 0);
      if (fits && wave.length < WAVE && of(question)?.mayAsk(question, wave)) {
        wave.push(question);
        cost += question.cost;
      }
    }
    if (wave.length === 0) {
      break;
    }
    const asked = new Set(wave);
    queue = queue.filter(question => !asked.has(question));
    const costs = await Promise.all(
      wave.map(async question => (await of(question)?.ask(question)) ?? 0),
    );
    budget -= costs.reduce((sum, it) => sum + it, 0);
  }
  for (const inquiry of inquiries.values()) {
    inquiry.end();
  }
  return inquiries;
}

/** The questions to one source in one pass. */
class Inquiry implements Answers {
  readonly answers: HintAnswer[] = [];
  requests = 0;
  readonly #asked: AskableSource;
  readonly #memory: OrganizationMemory;
  readonly #now: number;
  readonly #refusals: unknown[] = [];
  #givenUp = false;

  constructor(asked: AskableSource, memory: OrganizationMemory, now: number) {
    this.#asked = asked;
    this.#memory = memory;
    this.#now = now;
  }

  /** Everything that it can be asked, but for projects of which it was refused lately. */
  questions(): HintQuestion[] {
    const { source, scope } = this.#asked;
    return source
      .questions(scope)
      .filter(({ projects }) =>
        projects.every(
          id => !isOff(this.#memory.availability(source.name, id), this.#now),
        ),
      );
  }

  isUrgent({ projects }: HintQuestion): boolean {
    return projects.some(id => this.#asked.urgent.has(id));
  }

  /** Until a source has answered, it is asked one thing at a time. */
  mayAsk({ source }: HintQuestion, wave: readonly HintQuestion[]): boolean {
    return (
      !this.#givenUp &&
      (this.answers.length > 0 || wave.every(other => other.source !== source))
    );
  }

  /** @returns how many requests the answer took; none where there was no answer */
  async ask(question: HintQuestion): Promise<number> {
    const { source, scope } = this.#asked;
    try {
      const answer = await source.ask(question, scope);
      this.answers.push(answer);
      this.requests += answer.asked;
      this.#memory.noteAsked(question, this.#now);
      this.#memory.setAvailability(source.name, undefined, AVAILABLE);
      return answer.asked;
    } catch (error) {
      scope.signal?.throwIfAborted();
      if (isRefusal(error)) {
        this.#refuse(question, error);
      } else {
        this.#giveUp(error);
      }
      return 0;
    }
  }

  /** Nothing more will be asked. */
  end(): void {
    if (this.answers.length === 0 && this.#refusals.length > 0) {
      this.#giveUp(this.#refusals.at(-1));
    }
  }

  #refuse(question: HintQuestion, error: unknown): void {
    const { source } = this.#asked;
    this.#refusals.push(error);
    for (const id of question.projects) {
      const former = this.#memory.availability(source.name, id);
      const availability = afterFailure(former, error, this.#now);
      this.#memory.setAvailability(source.name, id, availability);
    }
    if (this.answers.length === 0 && this.#refusals.length >= source.refusals) {
      this.#giveUp(error);
    }
  }

  #giveUp(error: unknown): void {
    if (this.#givenUp) {
      return;
    }
    this.#givenUp = true;
    const { source } = this.#asked;
    const former = this.#memory.availability(source.name);
    const availability = afterFailure(former, error, this.#now);
    this.#memory.setAvailability(source.name, undefined, availability);
  }
}
