import { writeFile } from 'node:fs/promises';
import { type Config, ConfigReader } from '@backstage/config';
import type { JsonObject } from '@backstage/types';
import { InputError } from '@backstage/errors';
import { CLOUD_HOST, type Organization } from '../organization';
import type { ProviderSettings } from '../config/settings';
import { readProviderConfigs } from '../config/read';
import {
  type PreviewedRepository,
  previewOrganization,
} from '../ingestion/preview';
import { BackendClient } from './backend-client';
import {
  type CommandOptions,
  EXIT,
  type ExitCode,
  type Io,
  Progress,
  widthOf,
} from './io';
import { selectOrganizations } from './organizations';
import { counted } from '../counted';
import { compareWithCatalog, readCatalog } from './preview-difference';
import { renderHtml } from './preview-html';
import {
  chooseOwners,
  type Preview,
  type PreviewedOrganization,
  summaryOfAll,
  toJson,
} from './preview-model';
import { renderPreview } from './preview-output';
import {
  findCause,
  readAsRefresh,
  type Reading,
  type Session,
} from './session';
import { toJsonText } from './text';
import { messageOf } from '../thrown';

export interface PreviewOptions extends CommandOptions {
  /** Ids; empty for all. */
  readonly provider: readonly string[];
  /** The address of a backend to compare with. */
  readonly against?: string;
  /** Where to write a page for people. */
  readonly html?: string;
}

/** Shows what a refresh would put into the catalog. Sends nothing that changes anything. */
export async function preview(
  config: Config,
  options: PreviewOptions,
  io: Io,
): Promise<ExitCode> {
  const { tasks, mistakes } = selectTasks(config, options);
  const backend =
    options.against === undefined
      ? undefined
      : BackendClient.open(config, options.against, io.env);
  for (const mistake of mistakes) io.stderr.write(`${mistake}\n\n`);
  const organizations = await previewAll(config, tasks, io);
  const progress = new Progress(io.stderr);
  try {
    const inCatalog = backend
      ? await readCatalog(backend, organizations, n =>
          progress.show(`${backend.address}: ${counted(n, 'entity')}`),
        )
      : undefined;
    const owned = chooseOwners(organizations, inCatalog);
    const found: Preview = {
      at: io.now(),
      organizations,
      ...owned,
      difference:
        inCatalog &&
        (await compareWithCatalog(organizations, owned.entities, inCatalog)),
    };
    progress.clear();
    if (options.html !== undefined) {
      await writeHtml(options.html, found);
    }
    io.stdout.write(
      options.json
        ? `${toJsonText(toJson(found))}\n`
        : `${renderPreview(found, widthOf(io.stdout), options)}\n`,
    );
    const { unknown } = summaryOfAll(found);
    const failed = organizations.some(each => each.failure !== undefined);
    return failed || unknown > 0 || mistakes.length > 0
      ? EXIT.problem
      : EXIT.ok;
  } finally {
    progress.clear();
  }
}

async function writeHtml(file: string, found: Preview): Promise<void> {
  try {
    await writeFile(file, renderHtml(found));
  } catch (error) {
    throw new InputError(
      `The page could not be written to ${file}: ${messageOf(error)}`,
    );
  }
}

interface Task {
  /** Absent for an organization that no provider has. */
  readonly provider?: string;
  readonly organization: Organization;
  readonly settings: ProviderSettings;
}

/** @throws InputError for a provider or an organization that is not there */
function selectTasks(
  config: Config,
  options: PreviewOptions,
): { tasks: Task[]; mistakes: string[] } {
  const readings = readProviderConfigs(config);
  for (const id of options.provider) {
    if (!readings.some(reading => reading.id === id)) {
      throw new InputError(
        `There is no provider ${id}: catalog.providers.azureDevOps has ${readings.map(reading => reading.id).join(', ') || 'nothing'}`,
      );
    }
  }
  const wanted = readings.filter(
    ({ id }) => options.provider.length === 0 || options.provider.includes(id),
  );
  const all = wanted.flatMap(({ id, settings }): Task[] =>
    (settings?.organizations ?? []).map(organization => ({
      provider: id,
      organization,
      settings: settings!,
    })),
  );
  if (options.organization.length > 0) {
    return {
      tasks: selectOrganizations(
        config,
        options.organization,
      ).organizations.flatMap(it => tasksOf(it, all)),
      mistakes: [],
    };
  }
  const mistakes = wanted.flatMap(({ error }) =>
    error ? [error.message] : [],
  );
  if (all.length === 0 && mistakes.length === 0) {
    throw new InputError(
      'The configuration has no provider under catalog.providers.azureDevOps. Name an organization with --organization to see what a provider would find in it.',
    );
  }
  return { tasks: all, mistakes };
}

/** As its providers read it; one that none has, as a provider without further keys would. */
function tasksOf(organization: Organization, all: readonly Task[]): Task[] {
  const configured = all.filter(it => it.organization.isSameAs(organization));
  if (configured.length > 0) return configured;
  const block: JsonObject = {
    organization: organization.name,
    ...(organization.host !== CLOUD_HOST && { host: organization.host }),
  };
  const [reading] = readProviderConfigs(
    new ConfigReader({
      integrations: { azure: [{ host: organization.host }] },
      catalog: { providers: { azureDevOps: { preview: block } } },
    }),
  );
  if (!reading?.settings) {
    throw new InputError(
      reading?.error?.message ?? `There is no ${organization.label}`,
    );
  }
  return [{ organization, settings: reading.settings }];
}

async function previewAll(
  config: Config,
  tasks: readonly Task[],
  io: Io,
): Promise<PreviewedOrganization[]> {
  return await readAsRefresh(config, io, async (session, reading) => {
    const found: PreviewedOrganization[] = [];
    for (const task of tasks) {
      found.push(await previewOne(session, task, reading));
    }
    return found;
  });
}

async function previewOne(
  session: Session,
  { provider, organization, settings }: Task,
  reading: Reading,
): Promise<PreviewedOrganization> {
  const { progress } = session;
  const { label } = organization;
  progress.show(`${label}: listing repositories ...`);
  try {
    const repositories: PreviewedRepository[] = await previewOrganization({
      ...reading,
      organization,
      settings,
      client: session.clients.forOrganization(organization),
      onProgress: (done, all) =>
        progress.show(
          `${label}: ${done.toLocaleString('en-US')} of ${counted(all, 'repository')} ...`,
        ),
    });
    return { provider, organization, repositories };
  } catch (error) {
    const failure = await findCause(session, organization, error);
    return { provider, organization, repositories: [], failure };
  } finally {
    progress.clear();
  }
}
