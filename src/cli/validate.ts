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
      ...(config ? knownOrganizations(config) : []),
      ...(collection ? [parseOrganization(collection, [])] : []),
    ],
  };
}

function knownOrganizations(config: Config): readonly Organization[] {
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

/** Finds a line of the document by words in it. */
type FindPlace = (words: readonly [string, ...string[]]) => Place;

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

  async #checkEntity(
    { entity, entityRef }: EntityDocument,
    path: string,
    target: string,
    find: FindPlace,
  ): Promise<Finding[]> {
    return [
      ...this.#checkOwner(entityRef, path),
      ...(await this.#checkContent(entity, target, find)),
      ...(await this.#checkLocation(entity, target, find)),
    ];
  }

  /** Whether another file gave the entity before. */
  #checkOwner(entityRef: string, path: string): Finding[] {
    const owner = this.#owners.get(entityRef);
    if (owner === undefined) {
      this.#owners.set(entityRef, path);
      return [];
    }
    const message = `${owner.slice(1)} defines it too, and the catalog keeps one of them`;
    return [{ severity: 'warning', message }];
  }

  /** Its placeholders, and with what they stand for its kind. */
  async #checkContent(
    entity: Entity,
    target: string,
    find: FindPlace,
  ): Promise<Finding[]> {
    const findings: Finding[] = [];
    const whole = await replacePlaceholders(
      entity as unknown as JsonValue,
      target,
      this.#references.reader(message =>
        findings.push({ severity: 'warning', message }),
      ),
      ({ key, value }, error) => {
        const message = `${key} ${value}: ${error.message}`;
        findings.push({ severity: 'error', message, ...find([key, value]) });
      },
    );
    if (whole === undefined) return findings;
    const model = await checkModel(whole as unknown as Entity);
    if (model.outcome === 'invalid') {
      findings.push({ severity: 'error', message: model.message });
    }
    if (model.outcome === 'unknown-kind') {
      const message = `its kind ${entity.kind} with apiVersion ${entity.apiVersion} is none that every catalog knows; what is in it was not checked`;
      findings.push({ severity: 'warning', message });
    }
    return findings;
  }

  /** Of a Location, what it makes the catalog read. */
  async #checkLocation(
    entity: Entity,
    target: string,
    find: FindPlace,
  ): Promise<Finding[]> {
    if (entity.kind !== 'Location') return [];
    const type = String(entity.spec?.type ?? 'url');
    if (type !== 'url') {
      const message = `spec.type is ${type}; of a Location in a repository the catalog reads only the type url`;
      return [{ severity: 'error', message }];
    }
    const findings: Finding[] = [];
    for (const reference of targetsOf(entity)) {
      try {
        await this.#references.checkTarget(reference, target);
      } catch (error) {
        if (!(error instanceof PlaceholderError)) throw error;
        const message = `target ${reference}: ${error.message}`;
        findings.push({ severity: 'error', message, ...find([reference]) });
      }
    }
    return findings;
  }
}

/** The targets of a Location that are missed where they are not there. */
function targetsOf({ spec }: Entity): string[] {
  if (spec?.presence === 'optional') return [];
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
