// The simulator in a process of its own, filled with a landscape.
import { constants, setPriority } from 'node:os';
import { Simulator, type Repository } from '../../dev/simulator';
import {
  DEFINITION,
  definition,
  DESCRIPTOR,
  descriptor,
  descriptorWithPlaceholder,
  IDENTITY,
  INGRESS,
  ORGANIZATION,
  OTHER,
  projectName,
  projectOf,
  repositoryName,
  TOKEN,
} from './landscape';
import { serve } from './remote';
import type { Push } from './listening';
import type { Change } from './steady';

/** How long ago everything was pushed, in milliseconds: what is new must not be taken for a change. */
const AGE_MS = 30 * 24 * 3_600_000;

/** What was received since the last reset. */
export interface Traffic {
  readonly requests: number;
  /** Of the bodies, as they went over the wire. */
  readonly bytes: number;
  readonly byEndpoint: Record<string, number>;
}

let simulator: Simulator | undefined;
let repositories: Repository[] = [];
/** Of another organization. */
let others: Repository[] = [];
const OTHERS = 10;
/** Its repositories are numbered from here on: their components are not to have the names of others. */
const FIRST_OTHER = 90_000;
const CONSUMER = 'https://backstage.contoso.example';
/** How often a flood goes on, in milliseconds. */
const STEP_MS = 20;
let version = 0;
let offsetMs = -AGE_MS;

function running(): Simulator {
  if (!simulator) {
    throw new Error('The simulation was not started');
  }
  return simulator;
}

const handlers = {
  /** @param options.placeholders - whether every third descriptor takes a part from another file */
  async start(options: {
    size: number;
    latencyMs: number;
    placeholders: boolean;
  }): Promise<Record<string, string>> {
    simulator = await Simulator.start({
      clock: () => Date.now() + offsetMs,
      logCapacity: 1,
    });
    simulator.addPersonalAccessToken(TOKEN, { identity: IDENTITY });
    const organization = simulator.addOrganization(ORGANIZATION);
    repositories = [];
    let project = organization.addProject(projectName(0));
    for (let i = 0; i < options.size; i++) {
      if (project.name !== projectName(projectOf(i))) {
        project = organization.addProject(projectName(projectOf(i)));
      }
      const files: Record<string, string> =
        options.placeholders && i % 3 === 0
          ? {
              [DESCRIPTOR]: descriptorWithPlaceholder(i),
              [DEFINITION]: definition(i),
            }
          : { [DESCRIPTOR]: descriptor(i) };
      repositories.push(project.addRepository(repositoryName(i), { files }));
    }
    organization.grant(IDENTITY);
    offsetMs = 0;
    simulator.inject({ delayMs: options.latencyMs });
    return simulator.environment;
  },

  /** Changes the descriptors of so many repositories, spread over all of them, and returns their names. */
  push(count: number): string[] {
    version += 1;
    const step = repositories.length / count;
    return Array.from({ length: count }, (_, i) => {
      const index = Math.floor(i * step + (version % Math.max(1, step)));
      const repository = repositories[index % repositories.length]!;
      const number = Number(repository.name.split('-')[1]);
      repository.push({ files: { [DESCRIPTOR]: descriptor(number, version) } });
      return repository.name;
    });
  },

  /**
   * Changes so many repositories, one after the other: a file that an entity
   * takes a part from where there is one, otherwise the descriptor.
   */
  pushSome(count: number): Change[] {
    return Array.from({ length: count }, () => {
      version += 1;
      // A step that has no factor in common with any size that is used.
      const number = (version * 7919) % repositories.length;
      const isPlaceholder = number % 3 === 0;
      repositories[number]!.push({
        files: isPlaceholder
          ? { [DEFINITION]: definition(number, version) }
          : { [DESCRIPTOR]: descriptor(number, version) },
      });
      return {
        repository: number,
        mark: isPlaceholder
          ? `version: 1.0.${version} `
          : `Version ${version}.`,
      };
    });
  },

  /** Adds another organization. */
  addOther(): void {
    const organization = running().addOrganization(OTHER);
    const project = organization.addProject('Others');
    others = Array.from({ length: OTHERS }, (_, i) =>
      project.addRepository(repositoryName(FIRST_OTHER + i), {
        files: { [DESCRIPTOR]: descriptor(FIRST_OTHER + i) },
      }),
    );
    organization.grant(IDENTITY);
  },

  /** Has every push of both organizations delivered. @param baseUrl - of the backend */
  subscribe(baseUrl: string): void {
    const { hooks } = running().parts;
    hooks.resolve(CONSUMER, baseUrl);
    for (const name of others.length > 0
      ? [ORGANIZATION, OTHER]
      : [ORGANIZATION]) {
      const organization = running().organization(name);
      const projects = new Set(
        [...organization.repositories()].map(({ project }) => project.id),
      );
      for (const projectId of projects) {
        hooks.subscribe(organization, {
          eventType: 'git.push',
          publisherInputs: { projectId },
          consumerInputs: {
            url: `${CONSUMER}/api/events/http/azureDevOps`,
            basicAuthUsername: INGRESS.username,
            basicAuthPassword: INGRESS.password,
          },
        });
      }
    }
  },

  /** Waits until the backend has answered all deliveries. */
  async delivered(): Promise<void> {
    await running().parts.hooks.settled();
  },

  /** Changes the descriptor of one repository. */
  pushOne(index: number): Push {
    return pushTo(repositories[index]!);
  },

  /**
   * Changes descriptors as evenly as the machine lets it, in an order without a
   * pattern, and beside them one of another organization each second.
   *
   * @returns the last push of each repository, and all of the other organization
   */
  async flood(options: {
    pushes: number;
    seconds: number;
  }): Promise<{ last: Push[]; others: Push[]; seconds: number }> {
    const last = new Map<string, Push>();
    const ofOthers: Push[] = [];
    const began = performance.now();
    const elapsed = () => (performance.now() - began) / 1_000;
    for (let made = 0; made < options.pushes;) {
      const wanted = Math.min(
        options.pushes,
        (elapsed() / options.seconds) * options.pushes,
      );
      for (; made < wanted; made++) {
        // A step that has no factor in common with the number of repositories.
        const push = pushTo(repositories[(made * 7919) % repositories.length]!);
        last.set(push.repository, push);
      }
      if (ofOthers.length < elapsed() && ofOthers.length < options.seconds) {
        ofOthers.push(pushTo(others[ofOthers.length % others.length]!));
      }
      await new Promise(resolve => setTimeout(resolve, STEP_MS));
    }
    const seconds = elapsed();
    await running().parts.hooks.settled();
    return { last: [...last.values()], others: ofOthers, seconds };
  },

  /** Lets time pass for the service. */
  pass(ms: number): void {
    offsetMs += ms;
  },

  reset(): void {
    running().requests.reset();
  },

  traffic(): Traffic {
    const { requests } = running();
    const byEndpoint: Record<string, number> = {};
    for (const { endpoint, count } of requests.totals()) {
      byEndpoint[endpoint] = (byEndpoint[endpoint] ?? 0) + count;
    }
    return {
      requests: requests.count(),
      bytes: requests.bytes(),
      byEndpoint,
    };
  },
};

function pushTo(repository: Repository): Push {
  version += 1;
  const at = performance.timeOrigin + performance.now();
  const number = Number(repository.name.split('-')[1]);
  repository.push({ files: { [DESCRIPTOR]: descriptor(number, version) } });
  return { repository: repository.name, mark: `Version ${version}.`, at };
}

export type Simulation = typeof handlers;
putElsewhere();
serve(handlers);

/** The service runs on other machines than this: it does not wait for ours to be idle. */
function putElsewhere(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Only the administrator may; the service is then a little slower than its latency.
  }
}
