import { createHmac } from 'node:crypto';
import type { Config } from '@backstage/config';
import { InputError } from '@backstage/errors';
import { AzureDevOpsRequestError } from '../azure/errors';
import type { Subscription, SubscriptionsClient } from '../azure/subscriptions';
import type { Repository } from '../azure/types';
import {
  GIT_EVENTS,
  INGRESS_PATH,
  readIngressSettings,
  type IngressSettings,
} from '../config/events';
import { readProviderConfigs } from '../config/read';
import type { Organization } from '../organization';
import {
  markedUrl,
  planSubscriptions,
  type PlannedSubscription,
} from '../policy/subscriptions';
import { counted } from '../counted';
import { type CommandOptions, EXIT, type ExitCode, type Io } from './io';
import { askOrganizations, type Failure } from './session';
import {
  hanging,
  printable,
  renderTable,
  toJsonText,
  type Column,
} from './text';
import { messageOf } from '../thrown';

export interface HooksOptions extends CommandOptions {
  /** The name or GUID of one project. */
  readonly project?: string;
  /** Where Azure DevOps reaches the backend, if not at `backend.baseUrl`. */
  readonly url?: string;
  /** Whether to carry the plan out. */
  readonly apply: boolean;
}

type Project = Repository['project'];

/** One line of the plan, and what became of it. */
interface Line extends PlannedSubscription {
  readonly project: string;
  /** Why it could not be carried out. */
  readonly failure?: string;
}

/** By which our subscriptions are known. */
const MARK = 'azure-devops-catalog';

/** Shows which subscriptions to service hooks are missing or wrong, and makes them if asked. */
export async function hooks(
  config: Config,
  options: HooksOptions,
  io: Io,
): Promise<ExitCode> {
  const ingress = readIngressSettings(config);
  if (!ingress) {
    throw new InputError(NO_INGRESS);
  }
  const url = addressOf(config, options.url);
  const { apply } = options;
  const { found, json, isWhole } = await askOrganizations(config, options, io, {
    doing: 'looking at subscriptions',
    ask: async (session, organization) =>
      await examine({
        client: session.clients.subscriptions(organization),
        projects: await projectsOf(
          await session.clients.interactive
            .forOrganization(organization)
            .listProjects(),
          config,
          organization,
          options.project,
        ),
        url: markedUrl(url, MARK, keyOf(url, ingress)),
        ingress,
        apply,
      }),
    render: (lines, organization, width) =>
      render(lines, organization, width, apply),
    toJson: subscriptions => ({ subscriptions }),
    explain: forSubscriptions,
  });
  if (options.json) {
    const text = toJsonText({ applied: apply, organizations: json });
    io.stdout.write(`${text}\n`);
  }
  return isWhole && found.flat().every(line => isInOrder(line, apply))
    ? EXIT.ok
    : EXIT.problem;
}

const NO_INGRESS =
  'The configuration has no user name and password for service hooks. Set catalog.azureDevOps.events.ingress.username ' +
  'and catalog.azureDevOps.events.ingress.password, the latter from a secret of at least 16 characters, and restart the ' +
  'backend with them first, so that it takes what is delivered';

/** Where Azure DevOps is to deliver. */
function addressOf(config: Config, named: string | undefined): string {
  const base = named ?? config.getOptionalString('backend.baseUrl');
  if (base === undefined || !URL.canParse(base)) {
    throw new InputError(
      `Expected the address at which Azure DevOps reaches the backend, such as --url https://backstage.example.com; got ${base === undefined ? 'none, and the configuration has no backend.baseUrl' : `'${base}'`}`,
    );
  }
  const url = new URL(base);
  if (url.protocol !== 'https:') {
    throw new InputError(
      `${base} is not https, which Azure DevOps demands where a password is sent; ` +
        'name the address at which it reaches the backend with --url https://…',
    );
  }
  const path = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${path.endsWith(INGRESS_PATH) ? path : path + INGRESS_PATH}`;
}

/** Changes with the password, and gives nothing of it away. */
function keyOf(url: string, { username, password }: IngressSettings): string {
  return createHmac('sha256', password)
    .update(`${username}\n${url}`)
    .digest('hex')
    .slice(0, 8);
}

/** The projects of which a provider reads anything, or the one that was named. */
async function projectsOf(
  projects: readonly Project[],
  config: Config,
  organization: Organization,
  named: string | undefined,
): Promise<Project[]> {
  const settings = readProviderConfigs(config).flatMap(reading =>
    reading.settings?.organizations.some(it => it.isSameAs(organization))
      ? [reading.settings]
      : [],
  );
  const isWanted = ({ id, name }: Project) =>
    named === undefined
      ? settings.length === 0 ||
        settings.some(({ project }) => project.matches(name))
      : [id, name].some(it => it.toLowerCase() === named.toLowerCase());
  const wanted = projects.filter(isWanted);
  if (named !== undefined && wanted.length === 0) {
    throw new InputError(
      `${organization.label} has no project '${named}' that the credential may see`,
    );
  }
  return wanted;
}

async function examine({
  client,
  projects,
  url,
  ingress,
  apply,
}: {
  readonly client: SubscriptionsClient;
  readonly projects: readonly Project[];
  readonly url: string;
  readonly ingress: IngressSettings;
  readonly apply: boolean;
}): Promise<Line[]> {
  const existing: Subscription[] = [];
  // A list that fails ends it all: taken for empty, everything would be made again.
  for (const event of GIT_EVENTS) {
    existing.push(
      ...(await client.list(
        event,
        projects.map(({ id }) => id),
      )),
    );
  }
  const names = new Map(projects.map(({ id, name }) => [id, name]));
  const plan = planSubscriptions({
    projects: projects.map(({ id }) => id),
    wanted: { url, username: ingress.username, events: GIT_EVENTS },
    existing,
  });
  const lines: Line[] = [];
  for (const it of plan) {
    lines.push({
      ...it,
      project: names.get(it.projectId) ?? '',
      detail: await detailOf(client, it, existing),
      failure: apply ? await carryOut(client, it, url, ingress) : undefined,
    });
  }
  return lines;
}

/** What there is to know of a subscription that is not right. */
async function detailOf(
  client: SubscriptionsClient,
  { state, event, projectId, detail }: PlannedSubscription,
  existing: readonly Subscription[],
): Promise<string | undefined> {
  if (state !== 'on probation') return detail;
  const onProbation = existing.find(
    it =>
      it.eventType === event &&
      it.projectId === projectId &&
      it.status === 'onProbation',
  );
  const last = onProbation && (await client.lastFailure(onProbation.id));
  return `the last delivery failed${last ? `: ${last}` : ''}. ${PROBATION}`;
}

/** Source: learn.microsoft.com, "Troubleshoot service hooks". */
const PROBATION =
  'Mend what answers so: until a delivery succeeds Azure DevOps drops what happens, and after some 36 hours it disables the subscription';

/** Makes what is missing before it deletes anything. @returns why that failed */
async function carryOut(
  client: SubscriptionsClient,
  { event, projectId, create, remove }: PlannedSubscription,
  url: string,
  ingress: IngressSettings,
): Promise<string | undefined> {
  try {
    if (create) {
      await client.create({ eventType: event, projectId, url, ...ingress });
    }
    for (const id of remove) {
      await client.delete(id);
    }
    return undefined;
  } catch (error) {
    if (
      error instanceof AzureDevOpsRequestError &&
      error.fault.kind === 'forbidden'
    ) {
      return `${error.fault.seen}. ${NOT_ALLOWED}`;
    }
    return messageOf(error);
  }
}

const NOT_ALLOWED =
  'Give the identity the permission "Edit subscriptions": make it a project administrator, or set it with ' +
  '`az devops security permission update` in the namespace ServiceHooks';

/** What may not be read here are subscriptions, not repositories. */
function forSubscriptions(failure: Failure): Failure {
  const { diagnosis } = failure;
  return diagnosis.problem === 'permission-missing'
    ? { ...failure, diagnosis: { ...diagnosis, cure: NOT_ALLOWED } }
    : failure;
}

/** Whether there is nothing left that a further run would do. */
function isInOrder(
  { create, remove, failure }: Line,
  applied: boolean,
): boolean {
  return (applied && failure === undefined) || !(create || remove.length > 0);
}

const COLUMNS: readonly Column[] = [
  { title: 'PLAN' },
  { title: 'EVENT' },
  { title: 'STATE' },
  { title: 'PROJECT' },
];

function render(
  lines: readonly Line[],
  organization: Organization,
  width: number,
  applied: boolean,
): string {
  const shown = lines.filter(({ state }) => state !== 'right');
  const heading = hanging(
    '',
    `${organization.label}: ${counted(new Set(lines.map(l => l.projectId)).size, 'project')}, ` +
      `${counted(lines.length, 'subscription')} wanted, ${lines.length - shown.length} right`,
    width,
  );
  const table = renderTable(
    COLUMNS,
    shown.map(line => [
      verbOf(line, applied),
      line.event,
      line.state,
      printable(line.project),
    ]),
  );
  const remarks = [...remarksOn(shown)].map(([text, about]) =>
    hanging('  ', `${about}: ${text}`, width),
  );
  const next =
    !applied && shown.some(it => it.create || it.remove.length > 0)
      ? ['\nNothing was changed. Add --apply to carry this out.']
      : [];
  return [
    heading,
    ...(shown.length > 0 ? ['', table] : []),
    ...(remarks.length > 0 ? ['', ...remarks] : []),
    ...next,
  ].join('\n');
}

/** What there is to say, once, and of what it is said. */
function remarksOn(lines: readonly Line[]): Map<string, string> {
  const about = new Map<string, Line[]>();
  for (const line of lines) {
    const text = line.failure ?? line.detail;
    if (text) {
      about.set(text, [...(about.get(text) ?? []), line]);
    }
  }
  return new Map(
    [...about].map(([text, [first, ...others]]) => [
      text,
      `${first?.event} of ${first?.project ?? ''}` +
        (others.length > 0 ? ` and ${counted(others.length, 'other')}` : ''),
    ]),
  );
}

function verbOf({ create, remove, failure }: Line, applied: boolean): string {
  if (failure !== undefined) {
    return 'failed';
  }
  if (!create && remove.length === 0) {
    return 'leave';
  }
  const verb = create
    ? remove.length > 0
      ? ['replace', 'replaced']
      : ['make', 'made']
    : ['delete', 'deleted'];
  return verb[applied ? 1 : 0] ?? '';
}
