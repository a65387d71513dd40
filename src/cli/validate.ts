import { resolve } from 'node:path';
import type { Entity } from '@backstage/catalog-model';
import { type Config, ConfigReader } from '@backstage/config';
import { getAzureDownloadUrl, ScmIntegrations } from '@backstage/integration';
import type { JsonObject, JsonValue } from '@backstage/types';
import { type LocationContext, readLocationContext } from '../content/context';
import {
  decodings,
  isGlob,
  isUnsupported,
  pathGlob,
} from '../content/repository-url';
import { parseRepositoryUrl } from '../content/url';
import { checkModel } from '../descriptors/model';
import {
  applyLocation,
  type EntityDocument,
  parseDescriptor,
} from '../descriptors/parse';
import {
  PlaceholderError,
  type ReadReference,
  replacePlaceholders,
} from '../descriptors/placeholders';
import { CatalogRules } from '../descriptors/rules';
import {
  canonicalUrl,
  type RepositoryAddress,
  repositoryUrl,
} from '../descriptors/url';
import { YamlParser } from '../descriptors/yaml';
import { CLOUD_HOST, Organization } from '../organization';
import { Checkout } from './checkout';
import { EXIT, type ExitCode, type Io, UsageError } from './io';
import { parseName } from './organizations';
import {
  type CheckedFile,
  type Finding,
  type OutputOptions,
  type Validation,
  writeValidation,
} from './validate-output';

export interface ValidateOptions extends OutputOptions {
  /** Where the repository is in Azure DevOps. Default: where the checkout is from. */
  readonly repository?: string;
}

const FILE_NAME = 'catalog-info.yaml';

/** Stands for the address of a repository where that is not known. */
const SOMEWHERE: RepositoryAddress = {
  organization: new Organization(CLOUD_HOST, 'organization'),
  project: 'project',
  repository: 'repository',
};

/** Checks descriptors of a checkout as the catalog and this module's provider would. */
export async function validate(
  config: Config | undefined,
  places: readonly string[],
  options: ValidateOptions,
  io: Io,
): Promise<ExitCode> {
  const checkout = await Checkout.containing(firstFolder(places));
  const paths = await findFiles(checkout, places);
  const repository = await findRepository(checkout, config, options, io.env);
  const yaml = config
    ? YamlParser.fromConfig(config)
    : new YamlParser({ enableYamlMerge: false });
  const rules = config && readRules(config, repository !== undefined);
  const checker = new Checker({ checkout, yaml, rules, repository });
  const files: CheckedFile[] = [];
  try {
    for (const path of paths) files.push(await checker.check(path));
  } finally {
    await yaml.close();
  }
  const validation: Validation = {
    files,
    repository: repository && repositoryUrl(repository),
    rules: !rules ? 'not-checked' : repository ? 'checked' : 'by-kind',
  };
  writeValidation(validation, options, io);
  const failed = files.some(({ findings }) =>
    findings.some(({ severity }) => severity === 'error'),
  );
  return failed ? EXIT.problem : EXIT.ok;
}

/** Where to look for the checkout: in the first place that is named, as far as it has no wildcard. */
function firstFolder([first]: readonly string[]): string {
  if (first === undefined) return process.cwd();
  const parts = first.split(/[\\/]/);
  const wildcard = parts.findIndex(isGlob);
  return resolve(
    wildcard < 0 ? first : parts.slice(0, wildcard).join('/') || '.',
  );
}

/** @throws a UsageError for a place that has no file */
async function findFiles(
  checkout: Checkout,
  places: readonly string[],
): Promise<string[]> {
  const found = new Set<string>();
  for (const place of places.length > 0 ? places : ['.']) {
    for (const path of await filesAt(checkout, place)) found.add(path);
  }
  return [...found];
}

async function filesAt(checkout: Checkout, place: string): Promise<string[]> {
  const path = await checkout.pathOf(place);
  if (path === undefined && !isGlob(place)) {
    throw new UsageError(
      `Expected ${place} to be a file or folder in the checkout ${checkout.root}`,
    );
  }
  const outcome =
    path === undefined ? 'absent' : (await checkout.read(path)).outcome;
  if (path !== undefined && outcome === 'folder') {
    return await present(checkout, path, file =>
      file.endsWith(`/${FILE_NAME}`),
    );
  }
  if (path !== undefined && outcome !== 'absent') return [path];
  const matching = isGlob(place) ? await filesMatching(checkout, place) : [];
  if (matching.length === 0) {
    throw new UsageError(
      `Expected ${place} to be a file, a folder, or a pattern that matches files`,
    );
  }
  return matching;
}

/** What is listed and not deleted. */
async function present(
  checkout: Checkout,
  folder: string,
  isMeant: (path: string) => boolean,
): Promise<string[]> {
  const files: string[] = [];
  for (const path of (await checkout.list(folder)).filter(isMeant)) {
    const { outcome } = await checkout.read(path);
    if (outcome !== 'absent') files.push(path);
  }
  return files;
}

async function filesMatching(
  checkout: Checkout,
  pattern: string,
): Promise<string[]> {
  const folder = await checkout.pathOf(firstFolder([pattern]));
  if (folder === undefined) return [];
  const parts = pattern.split(/[\\/]/);
  const rest = parts.slice(parts.findIndex(isGlob)).join('/');
  const glob = pathGlob(`${folder === '/' ? '' : folder}/${rest}`);
  return await present(checkout, folder, path => glob.matches(path));
}

/**
 * Where the files will be: the address on the command line, that which the
 * checkout was cloned from, or that which Azure Pipelines names; `undefined`
 * where none of them is one of Azure DevOps.
 *
 * @throws a UsageError for a wrong address on the command line
 */
async function findRepository(
  checkout: Checkout,
  config: Config | undefined,
  options: ValidateOptions,
  env: NodeJS.ProcessEnv,
): Promise<RepositoryAddress | undefined> {
  const candidates = [
    options.repository,
    await checkout.remoteUrl(),
    env.BUILD_REPOSITORY_URI,
  ].filter(url => url !== undefined);
  const context = contextOf(config, candidates, env);
  for (const url of candidates) {
    const parsed = parseRepositoryUrl(url, context);
    if (!isUnsupported(parsed) && parsed.project !== undefined) {
      const { organization, project, repository } = parsed;
      return { organization, project, repository };
    }
    if (url === options.repository) {
      throw new UsageError(
        `--repository is not the address of a repository: ${isUnsupported(parsed) ? parsed.message : 'it has no project'}`,
      );
    }
  }
  return undefined;
}

/** Hosts and organizations, from whatever names some. No credential is looked at. */
function contextOf(
  config: Config | undefined,
  urls: readonly string[],
  env: NodeJS.ProcessEnv,
): LocationContext {
  const collection = env.SYSTEM_COLLECTIONURI;
  return {
    hosts: [
      CLOUD_HOST,
      ...urls.flatMap(url =>
        /^https?:.*\/_git\//i.test(url) && URL.canParse(url)
          ? [new URL(url).host.toLowerCase()]
          : [],
      ),
    ],
    organizations: [
      ...(config ? readOrganizations(config) : []),
      ...(collection ? [parseName(collection, [])] : []),
    ],
  };
}

function readOrganizations(config: Config): readonly Organization[] {
  try {
    return readLocationContext(config).organizations;
  } catch {
    // A secret that is not there, where nobody needs one, is no mistake.
    return [];
  }
}

/** @throws an error that names the key, where `catalog.rules` are wrong */
function readRules(
  config: Config,
  isRepositoryKnown: boolean,
): Pick<CatalogRules, 'isAllowed'> {
  if (isRepositoryKnown) return CatalogRules.fromConfig(config);
  const anywhere = config
    .getOptionalConfigArray('catalog.rules')
    ?.map(rule => ({ allow: rule.get<JsonValue>('allow') }));
  const ofLocations = (
    config.getOptionalConfigArray('catalog.locations') ?? []
  ).flatMap(location => location.getOptional<JsonObject[]>('rules') ?? []);
  return CatalogRules.fromConfig(
    new ConfigReader({
      catalog: {
        rules: [
          ...(anywhere ?? [{ allow: ['Component', 'API', 'Location'] }]),
          ...ofLocations,
        ],
      },
    }),
  );
}

interface CheckerOptions {
  readonly checkout: Checkout;
  readonly yaml: YamlParser;
  readonly rules: Pick<CatalogRules, 'isAllowed'> | undefined;
  readonly repository: RepositoryAddress | undefined;
}

const EVERYTHING_ALLOWED = { isAllowed: () => true };

class Checker {
  readonly #options: CheckerOptions;
  readonly #repository: RepositoryAddress;
  readonly #context: LocationContext;
  readonly #integrations: ScmIntegrations;
  /** The file that gave each reference first. */
  readonly #owners = new Map<string, string>();

  constructor(options: CheckerOptions) {
    this.#options = options;
    this.#repository = options.repository ?? SOMEWHERE;
    const { organization } = this.#repository;
    this.#context = {
      hosts: [CLOUD_HOST, organization.host.toLowerCase()],
      organizations: [organization],
    };
    this.#integrations = ScmIntegrations.fromConfig(
      new ConfigReader({
        integrations: {
          azure: this.#context.hosts.map(host => ({ host })),
        },
      }),
    );
  }

  async check(path: string): Promise<CheckedFile> {
    const { checkout, yaml, rules = EVERYTHING_ALLOWED } = this.#options;
    const checked = { path: path.slice(1), entities: [] };
    const found = await checkout.read(path);
    if (found.outcome !== 'file') {
      const message =
        found.outcome === 'unreadable'
          ? `the file cannot be read: ${found.problem}`
          : 'the file is not there';
      return { ...checked, findings: [{ severity: 'error', message }] };
    }
    const { text } = found;
    const parsed = await parseDescriptor(yaml, text);
    if (parsed.documents.length === 0) {
      const message = 'the file has no document, and so gives no entity';
      return { ...checked, findings: [{ severity: 'warning', message }] };
    }
    const target = canonicalUrl({ ...this.#repository, path });
    const findings: Finding[] = [];
    const entities: string[] = [];
    for (const document of applyLocation(parsed.documents, { target, rules })) {
      const { line } = parsed.documents[document.index] ?? {};
      if (document.outcome === 'rejected') {
        const { message, column } = document;
        findings.push({ severity: 'error', line, column, message });
        continue;
      }
      const ofEntity = await this.#checkEntity(document, path, target);
      if (ofEntity.every(({ severity }) => severity !== 'error')) {
        entities.push(document.entityRef);
      }
      findings.push(
        ...ofEntity.map(({ placeholder, ...finding }) => ({
          ...finding,
          ...(placeholder ? placeOf(placeholder, text, line) : { line }),
          entityRef: document.entityRef,
        })),
      );
    }
    return { ...checked, entities, findings };
  }

  async #checkEntity(
    { entity, entityRef }: EntityDocument,
    path: string,
    target: string,
  ): Promise<EntityFinding[]> {
    const findings: EntityFinding[] = [];
    const owner = this.#owners.get(entityRef);
    if (owner === undefined) {
      this.#owners.set(entityRef, path);
    } else {
      findings.push({
        severity: 'warning',
        message: `${owner.slice(1)} defines it too, and the catalog keeps one of them`,
      });
    }
    const read = this.#reader(message =>
      findings.push({ severity: 'warning', message }),
    );
    const whole = await replacePlaceholders(
      entity as unknown as JsonValue,
      target,
      read,
      ({ key, value }, { message }) =>
        findings.push({
          severity: 'error',
          placeholder: [key, value],
          message: `${key} ${value}: ${message}`,
        }),
    );
    if (whole !== undefined) {
      findings.push(...(await modelFindings(whole as unknown as Entity)));
    }
    if (entity.kind === 'Location' && typeOf(entity) !== 'url') {
      const message = `spec.type is ${typeOf(entity)}; of a Location in a repository the catalog reads only the type url`;
      findings.push({ severity: 'error', message });
    }
    for (const reference of targetsOf(entity)) {
      try {
        await read(reference, target, true);
      } catch (error) {
        if (!(error instanceof PlaceholderError)) throw error;
        const message = `target ${reference}: ${error.message}`;
        const placeholder = ['', reference] as const;
        findings.push({ severity: 'error', placeholder, message });
      }
    }
    return findings;
  }

  /** Reads what an entity refers to, as far as it is in the checkout. */
  #reader(warn: (message: string) => void) {
    return async (
      reference: string,
      from: string,
      isLocation = false,
    ): ReturnType<ReadReference> => {
      const url = this.#resolve(reference, from);
      const unread = { url, text: undefined };
      if (!this.#isSameRepository(url, from)) {
        if (isLocation) return unread;
        warn(this.#explainOther(reference, url, from));
        return unread;
      }
      const parsed = parseRepositoryUrl(url, this.#context);
      if (isUnsupported(parsed)) throw new PlaceholderError(parsed.message);
      // Another branch or tag is not in the checkout.
      if (parsed.version) return unread;
      const path = parsed.path ?? '/';
      if (isLocation && isGlob(path)) {
        await this.#expectMatch(path);
        return unread;
      }
      return { url, text: await this.#textOf(path) };
    };
  }

  async #expectMatch(pattern: string): Promise<void> {
    const globs = decodings(pattern).map(form => pathGlob(form));
    const listed = await this.#options.checkout.list('/');
    if (!listed.some(path => globs.some(glob => glob.matches(path)))) {
      throw new PlaceholderError('no file of the repository matches it');
    }
  }

  async #textOf(path: string): Promise<string> {
    const { checkout } = this.#options;
    // Backstage encodes a relative path twice; the first that is there is meant.
    const forms = decodings(path);
    for (const form of forms) {
      const found = await checkout.read(form);
      if (found.outcome === 'file') return found.text;
      if (found.outcome === 'unreadable') {
        throw new PlaceholderError(`${form} cannot be read: ${found.problem}`);
      }
    }
    const last = forms[forms.length - 1] ?? path;
    const found = await checkout.read(last);
    throw new PlaceholderError(
      found.outcome === 'folder'
        ? `${last} is a folder; expected a file`
        : `${last} is not in the repository${found.outcome === 'absent' && found.near ? `; ${found.near} is, and upper and lower case are different there` : ''}`,
    );
  }

  #resolve(reference: string, from: string): string {
    try {
      return this.#integrations.resolveUrl({ url: reference, base: from });
    } catch (error) {
      throw new PlaceholderError(
        `expected a relative path or a URL: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** As the catalog compares, since 4.0.3: the address of the repository, upper and lower case included. */
  #isSameRepository(url: string, from: string): boolean {
    return repositoryOf(url) === repositoryOf(from);
  }

  /** @throws a PlaceholderError where the catalog reads nothing */
  #explainOther(reference: string, url: string, from: string): string {
    if (!this.#integrations.byUrl(url)) {
      return `${reference} is read from another server, if backend.reading.allow has it; it was not looked at`;
    }
    const own = repositoryOf(from) ?? '';
    if (!this.#options.repository && repositoryOf(url) !== undefined) {
      return `${reference} has to be in the repository of the entity, whose address is not known here; give it with --repository`;
    }
    if (repositoryOf(url)?.toLowerCase() === own.toLowerCase()) {
      return `${reference} differs from the address of this repository in upper and lower case, and the catalog compares exactly; a relative path is safe`;
    }
    throw new PlaceholderError(
      'it is in another repository, and the catalog reads placeholders from the repository of the entity only; copy the file, or register it by itself',
    );
  }
}

interface EntityFinding {
  readonly severity: Finding['severity'];
  readonly message: string;
  /** Key and value, by which its line is found. */
  readonly placeholder?: readonly [string, string];
}

async function modelFindings(entity: Entity): Promise<EntityFinding[]> {
  const model = await checkModel(entity);
  if (model.outcome === 'valid') return [];
  if (model.outcome === 'invalid') {
    return [{ severity: 'error', message: model.message }];
  }
  const message = `its kind ${entity.kind} with apiVersion ${entity.apiVersion} is none that every catalog knows; what is in it was not checked`;
  return [{ severity: 'warning', message }];
}

/** Host and path of the address that a file is downloaded from. */
function repositoryOf(url: string): string | undefined {
  try {
    const { host, pathname } = new URL(getAzureDownloadUrl(url));
    return `${host}${pathname}`;
  } catch {
    return undefined;
  }
}

function typeOf({ spec }: Entity): string {
  return String(spec?.type ?? 'url');
}

/** What a Location entity makes the catalog read, and misses where it is not there. */
function targetsOf(entity: Entity): string[] {
  const { kind, spec } = entity;
  if (
    kind !== 'Location' ||
    typeOf(entity) !== 'url' ||
    spec?.presence === 'optional'
  ) {
    return [];
  }
  return [spec?.target, spec?.targets]
    .flat()
    .filter(target => typeof target === 'string');
}

/** Where a placeholder is written: the first place behind the document's begin that has it. */
function placeOf(
  [key, value]: readonly [string, string],
  text: string,
  documentLine = 1,
): { line: number; column?: number } {
  const lines = text.split('\n');
  const index = lines.findIndex(
    (line, i) =>
      i >= documentLine - 1 && line.includes(key) && line.includes(value),
  );
  if (index < 0) return { line: documentLine };
  const column = (lines[index] ?? '').indexOf(key === '' ? value : key) + 1;
  return { line: index + 1, column };
}
