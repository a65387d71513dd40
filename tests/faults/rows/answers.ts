import { inspect } from 'node:util';
import type { SimulatedResponse } from '../../../dev/simulator/http';
import { serviceError } from '../../../dev/simulator/errors';
import type { Refreshed } from '../../support/backend';
import { outage, type Phase } from '../stage/outage';
import { withComponents } from '../stage/picture';
import type { Row } from '../stage/row';
import type { Stage } from '../stage/stage';
import { component, DESCRIPTOR, repositoryName, tokenOf } from '../stage/world';
import { endAllFaults } from './credentials';

const NUMBER = 3;
const NAME = repositoryName(NUMBER);
const OTHER_NAME = repositoryName(4);
/** Somebody works on in the same organization meanwhile. */
const CALM = 62;
const calmGoesOn = withComponents([`contoso-${CALM}`], 2);

type Fields = Record<string, unknown>;

/** Lets something between here and the service alter what is answered. */
function alter(
  stage: Stage,
  match: object,
  change: (body: Fields) => unknown,
): void {
  stage.simulator.faults.removeAll();
  stage.simulator.inject({
    match: { organization: 'contoso', ...match },
    response: async (_request, proceed) => {
      const answer = await proceed();
      return { ...answer, body: change(fieldsOf(answer)) };
    },
  });
}

function fieldsOf({ body }: SimulatedResponse): Fields {
  const plain =
    typeof body === 'object' && body !== null && 'plain' in body
      ? body.plain
      : body;
  return JSON.parse(
    Buffer.isBuffer(plain) || typeof plain === 'string'
      ? plain.toString()
      : JSON.stringify(plain),
  ) as Fields;
}

function somebodyWorksOn(stage: Stage): void {
  stage.world.repository('contoso', CALM).push({
    files: { [DESCRIPTOR]: component(`contoso-${CALM}`, 2) },
  });
}

/** An answer about one file, altered in turn in several ways. */
function itemPhases(
  ...changes: ReadonlyArray<(item: Fields, stage: Stage) => unknown>
): Phase[] {
  return changes.map(change => ({
    begin(stage) {
      somebodyWorksOn(stage);
      alter(stage, { endpoint: 'items', repository: NAME }, item =>
        change(item, stage),
      );
    },
    holds: calmGoesOn,
    failsWith: new RegExp(`contoso: could not tell what Payments/${NAME} has`),
  }));
}

function notFound(message: string): Phase {
  return {
    begin(stage) {
      somebodyWorksOn(stage);
      stage.simulator.faults.removeAll();
      stage.simulator.inject({
        match: {
          organization: 'contoso',
          endpoint: 'items',
          repository: NAME,
        },
        response: serviceError(404, 'GitItemNotFoundException', message),
      });
    },
    holds: calmGoesOn,
    failsWith: /about something else than what was asked for/,
  };
}

/** Alters the elements of the list, given the one of the repository that things happen to. */
function listWith(
  change: (elements: Fields[], repository: Fields) => unknown[],
): (body: Fields) => Fields {
  return body => {
    const elements = body['value'] as Fields[];
    const repository = elements.find(it => it['name'] === NAME) ?? {};
    const value = change(elements, repository);
    return { count: value.length, value };
  };
}

/** A list with an element that is odd in one way. @param refreshes - more than are needed to infer that something is gone */
function odd(change: (repository: Fields) => unknown[], refreshes = 1): Phase {
  return {
    begin(stage) {
      somebodyWorksOn(stage);
      alter(
        stage,
        { endpoint: 'repositories' },
        listWith((elements, repository) => [
          ...elements.filter(it => it !== repository),
          ...change(repository),
        ]),
      );
    },
    refreshes,
    holds: calmGoesOn,
    failsWith: /1 of the elements of the list of repositories is odd/,
  };
}

const IN_UPPER_CASE: Phase = {
  begin: stage =>
    alter(
      stage,
      { endpoint: 'repositories' },
      listWith(elements =>
        elements.map(it => ({ ...it, id: String(it['id']).toUpperCase() })),
      ),
    ),
  holds: calmGoesOn,
};

const ECHOES: ReadonlyArray<(secret: string) => string> = [
  encodeURIComponent,
  secret => Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  secret => Buffer.from(secret).toString('base64url'),
  secret => Buffer.from(secret).toString('hex'),
  secret =>
    Buffer.from(Buffer.from(secret).toString('base64')).toString('base64'),
  secret => secret.slice(0, 40),
  secret => secret.replace(/./gs, it => `&#${it.charCodeAt(0)};`),
];

/** What of a credential may be nowhere. */
const SECRETS = [
  tokenOf('contoso'),
  Buffer.from(`:${tokenOf('contoso')}`).toString('base64'),
];

function echo(encode: (secret: string) => string): Phase {
  return {
    begin(stage) {
      stage.simulator.faults.removeAll();
      stage.simulator.inject({
        match: { organization: 'contoso', endpoint: 'items' },
        response: ({ headers }) => {
          const [, sent = ''] = (headers['authorization'] ?? '').split(' ');
          const token = Buffer.from(sent, 'base64').toString().slice(1);
          const said = `${encode(sent)} ${encode(token)}`;
          return serviceError(400, encode(token), `Bad request: ${said}`, {
            headers: { ActivityId: encode(token), 'X-VSS-E2EID': token },
          });
        },
      });
    },
    failsWith: /contoso: could not tell.*400/s,
    // The next refresh writes over what this one left.
    check: lookForSecrets,
  };
}

/** Where in the log, the state of the task or the ledger a part of a credential, or of an echo of it, is. */
async function lookForSecrets(
  stage: Stage,
  report: Refreshed,
): Promise<string[]> {
  const spellings = SECRETS.flatMap(secret => [
    secret,
    ...ECHOES.map(encode => encode(secret)),
  ]);
  const parts = [
    ...new Set(
      spellings.flatMap(spelling =>
        Array.from({ length: Math.max(0, spelling.length - 12) }, (_, i) =>
          spelling.slice(i, i + 13),
        ),
      ),
    ),
  ];
  const tasks = await fetch(
    `${stage.catalog.baseUrl}/api/catalog/.backstage/scheduler/v1/tasks`,
  );
  const places: Array<[string, string]> = [
    ['the error of the refresh', report.error ?? ''],
    ['the state of the task', await tasks.text()],
    [
      'the log',
      inspect(stage.catalog.logs, {
        depth: 12,
        maxStringLength: null,
        maxArrayLength: null,
      }),
    ],
  ];
  const tables: Array<{ name: string }> = await stage.knex
    .select({ name: 'table_name' })
    .from('information_schema.tables')
    .where('table_schema', 'public')
    .andWhere(theirs => {
      void theirs
        .whereLike('table_name', 'azure_devops_%')
        .orWhereLike('table_name', 'backstage_backend_tasks__%');
    });
  for (const { name } of tables) {
    places.push([
      `table ${name}`,
      JSON.stringify(await stage.knex.select().from(name)),
    ]);
  }
  // Where nothing of the error is, nothing of an echo could be.
  if (!places.some(([, text]) => text.includes('Bad request: '))) {
    return ['expected what the service said somewhere, got it nowhere'];
  }
  return places
    .filter(([, text]) => parts.some(part => text.includes(part)))
    .map(([place]) => `a part of the credential is in ${place}`);
}

/** What the same takes that a matcher which backtracks needs a minute for, in seconds of this process. */
const MOST_CPU_SECONDS = 30;

function patternRow(): Row {
  let before: NodeJS.CpuUsage;
  return outage({
    group: 8,
    name: 'a pattern with many wildcards, and a name made for it',
    injected: 'path: /*-*-*-*-*-*.yaml, and a file whose name is 250 dashes',
    expected: 'Nothing changes, and matching takes no time.',
    settings: () => ({
      provider: { path: [DESCRIPTOR, '/*-*-*-*-*-*.yaml'] },
    }),
    during: [
      {
        begin(stage) {
          stage.world
            .repository('contoso', NUMBER)
            .push({ files: { [`/${'-'.repeat(250)}`]: 'x' } });
          before = process.cpuUsage();
        },
      },
    ],
    check: async () => {
      const { user, system } = process.cpuUsage(before);
      const seconds = (user + system) / 1_000_000;
      return seconds > MOST_CPU_SECONDS
        ? [`expected at most ${MOST_CPU_SECONDS} s of CPU, got ${seconds}`]
        : [];
    },
  });
}

/** Group 8: answers to other questions, and answers that are odd or repeat what they should not. */
export const ANSWER_ROWS: readonly Row[] = [
  outage({
    group: 8,
    name: 'an item that belongs to another question',
    injected:
      "another path's, another repository's, another branch's item in place of one file; with its text cut to half under its own id and under another; a file elsewhere changes",
    expected:
      'Unknown: nothing goes and nothing comes; the rest of the organization goes on.',
    during: itemPhases(
      item => ({ ...item, path: '/other.yaml' }),
      (item, stage) => ({
        ...item,
        content: component('intruder'),
        url: String(item['url']).replace(
          stage.world.repository('contoso', NUMBER).id,
          stage.world.repository('contoso', 4).id,
        ),
      }),
      item => ({
        ...item,
        content: component('intruder'),
        url: `${String(item['url'])}&version=other`,
      }),
      item => ({
        ...item,
        objectId: '1'.repeat(40),
        content: component('intruder').slice(0, 60),
      }),
    ),
    end: endAllFaults,
    endsWith: calmGoesOn,
  }),
  outage({
    group: 8,
    name: 'a 404 that belongs to another question',
    injected:
      'the file of another repository, another file, and an empty other repository are not found, in place of one file; a file elsewhere changes',
    expected: 'Unknown: nothing goes; the error names the repository.',
    during: [
      notFound(
        `TF401174: The item '${DESCRIPTOR}' could not be found in the repository '${OTHER_NAME}' at the version specified by '<Branch: main >'.`,
      ),
      notFound(
        `TF401174: The item '/other.yaml' could not be found in the repository '${NAME}' at the version specified by '<Branch: main >'.`,
      ),
      notFound(
        `VS403403: Cannot find any branches for the ${OTHER_NAME} repository.`,
      ),
    ],
    end: endAllFaults,
    endsWith: calmGoesOn,
  }),
  outage({
    group: 8,
    name: 'an odd element in the list',
    injected:
      'one repository with isDisabled as a text, defaultBranch as an object, NUL in its name, NUL in its id for 3 refreshes, an id of a megabyte, twice, twice and once disabled, beside null; then all ids in upper case; a file elsewhere changes',
    expected:
      'The element costs itself and is said once; the other repositories of the organization go on, and nothing goes.',
    during: [
      odd(it => [{ ...it, isDisabled: 'true' }]),
      odd(it => [{ ...it, defaultBranch: {} }]),
      odd(it => [{ ...it, name: 'a\0b' }]),
      odd(it => [{ ...it, id: `${String(it['id'])}\0` }], 3),
      odd(it => [{ ...it, id: 'x'.repeat(1_000_000) }]),
      odd(it => [it, it]),
      odd(it => [it, { ...it, isDisabled: true }]),
      odd(it => [it, null]),
      IN_UPPER_CASE,
    ],
    end: endAllFaults,
    endsWith: calmGoesOn,
  }),
  outage({
    group: 8,
    name: 'answers that repeat the credential',
    injected:
      'errors with the token and the header URL-encoded, unpadded, as base64url, hex, base64 twice, cut, HTML-escaped in message, type, ActivityId and X-TFS-ServiceError',
    expected:
      'No part of it is in the error, the log, the state of the task or the ledger, after any refresh; nothing goes.',
    during: ECHOES.map(echo),
    end: endAllFaults,
  }),
  patternRow(),
];
