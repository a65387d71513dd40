import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import type { FaultOptions, FaultRegistry } from './faults';
import type { FileChanges, Organization } from './model';
import type { RequestFilter, RequestLog } from './requests';

/** What of the simulator can be changed from outside. */
interface Controlled {
  organization(name: string): Organization;
  readonly faults: FaultRegistry;
  readonly requests: RequestLog;
}

type Arguments = Readonly<Record<string, unknown>>;

interface Operation {
  /** The names of its arguments; a question mark follows those that may be left out. */
  readonly takes: readonly string[];
  /** What it gives back is sent as JSON. */
  run(controlled: Controlled, args: Arguments): object | void;
}

/** What a person needs who plays with `npm start`; tests use the simulator itself. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  /** Changes files; makes the project and the repository that are not there yet. */
  push: {
    takes: ['organization', 'project', 'repository', 'files', 'branch?'],
    run(controlled, args) {
      const organization = organizationOf(controlled, args);
      const projectName = text(args, 'project');
      const name = text(args, 'repository');
      const branch = optionalText(args, 'branch');
      const files = args['files'] as FileChanges;
      const project =
        organization.findProject(projectName) ??
        organization.addProject(projectName);
      const repository =
        project.findRepository(name) ?? project.addRepository(name);
      const { commitId } = repository.push({ files, branch });
      return { repository: repository.id, commitId };
    },
  },
  /** Renames a repository or, where none is named, a project. */
  rename: {
    takes: ['organization', 'project', 'repository?', 'newName'],
    run: (controlled, args) =>
      projectOrRepository(controlled, args).rename(text(args, 'newName')),
  },
  /** Deletes a repository or, where none is named, a project. */
  delete: {
    takes: ['organization', 'project', 'repository?'],
    run: (controlled, args) => projectOrRepository(controlled, args).delete(),
  },
  fault: {
    takes: ['match?', 'fault?', 'response?', 'headers?', 'delayMs?', 'times?'],
    run: ({ faults }, args) => ({
      id: faults.inject(args as FaultOptions).id,
    }),
  },
  clearFaults: { takes: [], run: ({ faults }) => faults.removeAll() },
  /** How many there were, and the latest of them. */
  requests: {
    takes: ['endpoint?', 'organization?', 'identity?', 'status?', 'limit?'],
    run({ requests }, { limit = 100, ...filter }) {
      return {
        count: requests.count(filter as RequestFilter),
        latest: requests.list(filter as RequestFilter).slice(-Number(limit)),
      };
    },
  },
};

/**
 * The control interface over HTTP: `POST /{operation}` with the arguments as a
 * JSON object; `GET /` lists the operations. 200 with the result, 400 with
 * `{ "error": "..." }` for what cannot be done.
 */
export function controlServer(controlled: Controlled): Server {
  return createServer((req, res) => {
    void answer(controlled, req).then(([status, body]) => {
      res.writeHead(status, { 'Content-Type': 'application/json' });
      res.end(`${JSON.stringify(body)}\n`);
    });
  });
}

async function answer(
  controlled: Controlled,
  req: IncomingMessage,
): Promise<[status: number, body: object]> {
  if (req.headers.origin !== undefined) {
    // A page in a browser of this machine could come this far.
    return [403, { error: 'The control interface is not for web pages' }];
  }
  const name = (req.url ?? '/').slice(1);
  if (req.method === 'GET' && name === '') {
    return [
      200,
      Object.fromEntries(
        Object.entries(OPERATIONS).map(([key, { takes }]) => [key, takes]),
      ),
    ];
  }
  const operation = Object.hasOwn(OPERATIONS, name) && OPERATIONS[name];
  if (!operation || req.method !== 'POST') {
    return [404, { error: `There is no ${req.method} /${name}; see GET /` }];
  }
  try {
    const args = await argumentsOf(req, operation);
    return [200, operation.run(controlled, args) ?? {}];
  } catch (error) {
    // Everything that goes wrong in an operation is about what was asked for.
    return [400, { error: (error as Error).message }];
  }
}

async function argumentsOf(
  req: IncomingMessage,
  { takes }: Operation,
): Promise<Arguments> {
  const args = JSON.parse((await textOf(req)) || '{}') as Arguments;
  const known = takes.map(name => name.replace('?', ''));
  const unknown = Object.keys(args).find(name => !known.includes(name));
  const missing = takes.find(name => !name.endsWith('?') && !(name in args));
  if (unknown ?? missing) {
    throw new Error(
      `${unknown ? `Unknown argument ${unknown}` : `The argument ${missing} is missing`}; it takes ${takes.join(', ')}`,
    );
  }
  return args;
}

function text(args: Arguments, name: string): string {
  const value = args[name];
  if (typeof value !== 'string') {
    throw new Error(
      `Expected the argument ${name} to be a text, got ${JSON.stringify(value)}`,
    );
  }
  return value;
}

function optionalText(args: Arguments, name: string): string | undefined {
  return args[name] === undefined ? undefined : text(args, name);
}

function organizationOf(controlled: Controlled, args: Arguments): Organization {
  return controlled.organization(text(args, 'organization'));
}

function projectOrRepository(controlled: Controlled, args: Arguments) {
  const project = organizationOf(controlled, args).project(
    text(args, 'project'),
  );
  const repository = optionalText(args, 'repository');
  return repository === undefined ? project : project.repository(repository);
}
