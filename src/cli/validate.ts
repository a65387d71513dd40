import type { Entity } from '@backstage/catalog-model';
import type { Config } from '@backstage/config';
import { InputError } from '@backstage/errors';
import type { JsonValue } from '@backstage/types';
import { type LocationContext, readLocationContext } from '../content/context';
import { parseOrganization } from '../content/organizations';
import { isUnsupported } from '../content/repository-url';
import { parseRepositoryUrl } from '../content/url';
import { checkModel } from '../descriptors/model';
import {
  applyLocation,
  type EntityDocument,
  parseDescriptor,
} from '../descriptors/parse';
import {
  PlaceholderError,
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
import { Checkout, findFiles } from './checkout';
import { EXIT, type ExitCode, type Io } from './io';
import { References } from './references';
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
  const { checkout, paths } = await findFiles(places);
  const repository = await findRepository(checkout, config, options, io.env);
  const rules = config && CatalogRules.fromConfig(config);
  if (rules && !repository) {
    throw new InputError(
      'The configuration is given with --config, and what catalog.rules allow depends on where a file is, but the address of the repository is not known here. Give it with --repository',
    );
  }
  const yaml = config
    ? YamlParser.fromConfig(config)
    : new YamlParser({ enableYamlMerge: false });
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
    rules: rules ? 'checked' : 'not-checked',
  };
  writeValidation(validation, options, io);
  const failed = files.some(({ findings }) =>
    findings.some(({ severity }) => severity === 'error'),
  );
  return failed ? EXIT.problem : EXIT.ok;
}

/**
 * Where the files will be: the address on the command line, that which the
 * checkout was cloned from, or that which Azure Pipelines names; `undefined`
 * where none of them is one of Azure DevOps.
 *
 * @throws an InputError for a wrong address on the command line
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
      throw new InputError(
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
      ...(collection ? [parseOrganization(collection, [])] : []),
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

/** Where something is in a file. */
interface Place {
  readonly line?: number;
  readonly column?: number;
}

interface CheckerOptions {
  readonly checkout: Checkout;
  readonly yaml: YamlParser;
  /** Absent: everything is allowed. */
  readonly rules: CatalogRules | undefined;
  readonly repository: RepositoryAddress | undefined;
}

class Checker {
  readonly #options: CheckerOptions;
  readonly #repository: RepositoryAddress;
  readonly #references: References;
  /** The file that gave each reference first. */
  readonly #owners = new Map<string, string>();

  constructor(options: CheckerOptions) {
    const { checkout, repository } = options;
    this.#options = options;
    this.#repository = repository ?? SOMEWHERE;
    this.#references = new References(
      checkout,
      this.#repository,
      repository !== undefined,
    );
  }

  async check(path: string): Promise<CheckedFile> {
    const { checkout, yaml, rules = { isAllowed: () => true } } = this.#options;
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
      const { entityRef } = document;
      const ofEntity = await this.#checkEntity(document, path, target, words =>
        placeOf(words, text, line),
      );
      if (ofEntity.every(({ severity }) => severity !== 'error')) {
        entities.push(entityRef);
      }
      findings.push(
        ...ofEntity.map(it => ({ ...it, line: it.line ?? line, entityRef })),
      );
    }
    return { ...checked, entities, findings };
  }

  /** @param find - finds a line of the document by words in it */
  async #checkEntity(
    { entity, entityRef }: EntityDocument,
    path: string,
    target: string,
    find: (words: readonly [string, ...string[]]) => Place,
  ): Promise<Finding[]> {
    const findings: Finding[] = [];
    const add = (
      severity: Finding['severity'],
      message: string,
      place?: Place,
    ) => void findings.push({ severity, message, ...place });
    const owner = this.#owners.get(entityRef);
    if (owner === undefined) {
      this.#owners.set(entityRef, path);
    } else {
      add(
        'warning',
        `${owner.slice(1)} defines it too, and the catalog keeps one of them`,
      );
    }
    const whole = await replacePlaceholders(
      entity as unknown as JsonValue,
      target,
      this.#references.reader(message => add('warning', message)),
      ({ key, value }, { message }) =>
        add('error', `${key} ${value}: ${message}`, find([key, value])),
    );
    if (whole !== undefined) {
      const model = await checkModel(whole as unknown as Entity);
      if (model.outcome === 'invalid') add('error', model.message);
      if (model.outcome === 'unknown-kind') {
        add(
          'warning',
          `its kind ${entity.kind} with apiVersion ${entity.apiVersion} is none that every catalog knows; what is in it was not checked`,
        );
      }
    }
    if (entity.kind === 'Location' && typeOf(entity) !== 'url') {
      add(
        'error',
        `spec.type is ${typeOf(entity)}; of a Location in a repository the catalog reads only the type url`,
      );
    }
    for (const reference of targetsOf(entity)) {
      try {
        await this.#references.checkTarget(reference, target);
      } catch (error) {
        if (!(error instanceof PlaceholderError)) throw error;
        const message = `target ${reference}: ${error.message}`;
        add('error', message, find([reference]));
      }
    }
    return findings;
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

/** The first line from the document's begin on that has the words, and the column of the first of them. */
function placeOf(
  words: readonly [string, ...string[]],
  text: string,
  documentLine = 1,
): Place {
  const lines = text.split('\n');
  const index = lines.findIndex(
    (line, i) =>
      i >= documentLine - 1 && words.every(word => line.includes(word)),
  );
  return index < 0
    ? { line: documentLine }
    : { line: index + 1, column: lines[index]!.indexOf(words[0]) + 1 };
}
