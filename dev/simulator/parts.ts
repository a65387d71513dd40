import { randomUUID } from 'node:crypto';
import { ActivityMetrics } from './activity';
import { Entra } from './entra';
import { Limiter, type LimiterOptions } from './limiter';
import { limiterHook } from './limiter-hook';
import { CodeSearch } from './search';
import type { Simulator } from './simulator';

/** How the parts beside Git are wanted. */
export interface PartOptions {
  /** The rate limit of Azure DevOps Services. Default: none. */
  readonly limiter?: LimiterOptions;
  /** Milliseconds of the simulator's clock that go by in one real millisecond. Default 1. */
  readonly timeScale?: number;
}

/** The parts beside Git, to be changed while the simulator runs. */
export interface Parts {
  readonly entra: Entra;
  readonly search: CodeSearch;
  readonly activity: ActivityMetrics;
  /** The limiter, if there is one. */
  readonly limiter: Limiter | undefined;
}

/** Plugs the parts beside Git into a simulator. */
export function installParts(
  simulator: Simulator,
  options: PartOptions,
): Parts {
  const now = () => simulator.now();
  const entra = new Entra({
    identities: simulator.identities,
    now,
    newId: () => randomUUID(),
  });
  simulator.addService(entra.authority);
  simulator.addService(entra.metadata);
  simulator.useBearerAuthentication(entra.bearer.authenticate);

  const search = new CodeSearch(now);
  const activity = new ActivityMetrics(now);
  for (const route of [...search.routes(), ...activity.routes()]) {
    simulator.addEndpoint(route);
  }

  const limiter = options.limiter && new Limiter(options.limiter);
  if (limiter) {
    simulator.useLimiter(
      limiterHook({ limiter, now, timeScale: options.timeScale }),
    );
  }
  return { entra, search, activity, limiter };
}
