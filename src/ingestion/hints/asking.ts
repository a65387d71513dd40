import {
  afterFailure,
  AVAILABLE,
  isOff,
  isRefusal,
} from './availability';
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
export interface AskedSource {
  readonly source: HintSource;
  readonly scope: HintScope;
  /** Projects that it has to be asked about now. */
  readonly urgent: ReadonlySet<string>;
}

/** What became of the questions to one source. */
export interface Asked {
  readonly answers: HintAnswer[];
  requests: number;
  /** Whether it was given up in this pass. */
  givenUp: boolean;
  refusals: number;
}

/**
 * Puts the questions that are worth most, of all sources together, within a
 * number of requests. A source that fails is given up, until `memory` says that
 * it may be tried again; the others have what it leaves.
 *
 * @throws only on an abort
 */
export async function askSources(
  sources: readonly AskedSource[],
  memory: OrganizationMemory,
  options: { budget: number; now: number; signal?: AbortSignal },
): Promise<Map<HintSourceName, Asked>> {
  const { now, signal } = options;
  const asked = new Map(
    sources.map(({ source }) => [
      source.name,
      { answers: [], requests: 0, givenUp: false, refusals: 0 } as Asked,
    ]),
  );
  const bound = new Map<HintQuestion, AskedSource>();
  for (const each of sources) {
    for (const question of each.source.questions(each.scope)) {
      const isRefused = question.projects.some(id =>
        isOff(memory.availability(question.source, id), now),
      );
      if (!isRefused) {
        bound.set(question, each);
      }
    }
  }
  let queue = byWorth([...bound.keys()], {
    urgent: question =>
      question.projects.some(id => bound.get(question)?.urgent.has(id)),
    askedAt: question => memory.askedAt(question),
    now,
  });
  let budget = options.budget;
  for (;;) {
    signal?.throwIfAborted();
    const wave = takeWave(queue, asked, budget, budget === options.budget);
    if (wave.length === 0) {
      return asked;
    }
    queue = queue.filter(question => !wave.includes(question));
    await Promise.all(
      wave.map(async question => {
        const each = bound.get(question);
        const state = asked.get(question.source);
        if (each && state) {
          budget -= await ask(question, each, state, memory, now);
        }
      }),
    );
    for (const { source } of sources) {
      const state = asked.get(source.name);
      const more = queue.some(question => question.source === source.name);
      if (state && state.refusals > 0 && state.answers.length === 0 && !more) {
        giveUp(source.name, state, memory, state.refusal, now);
      }
    }
  }
}
