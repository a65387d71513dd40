import type { LoggerService } from '@backstage/backend-plugin-api';
import { InputError, NotAllowedError } from '@backstage/errors';
import type { AnalyzeLocationExistingEntity } from '@backstage/plugin-catalog-common';
import type {
  AnalyzeOptions,
  ScmLocationAnalyzer,
} from '@backstage/plugin-catalog-node';
import { applyLocation, parseDescriptor } from '../descriptors/parse';
import type { CatalogRules } from '../descriptors/rules';
import type { YamlParser } from '../descriptors/yaml';
import { canonicalLocationUrl, isUnsupported } from '../content/repository-url';
import { mapAtMost } from '../concurrency';
import type { DescriptorPath } from '../config/patterns';
import type { RepositoryContent } from '../content/content';
import {
  descriptorsNamed,
  findDescriptors,
  type FoundFile,
  type IsDescriptor,
} from './descriptors';
import {
  unsupportedUrlError,
  unableToRead,
  toBackstageError,
} from '../content/errors';
import type { KnownLocations } from './known-locations';
import { explainMissingRepository } from '../content/missing';
import { isAzureDevOpsUrl, parseRepositoryUrl } from '../content/url';
import { describeRejection } from '../policy/model';

/** So many descriptors are read at once. */
const CONCURRENCY = 8;
const SOMEBODY_WAITS = { interactive: true };

export interface AzureDevOpsLocationAnalyzerOptions {
  readonly content: RepositoryContent;
  /** A name, or a path below any folder, or a glob. Source: `catalog.import.entityFilename`. */
  readonly entityFilename: string;
  /** The `path` settings of the providers. */
  readonly providerPaths: readonly DescriptorPath[];
  readonly rules: CatalogRules;
  readonly yaml: YamlParser;
  /** Called once an analysis, so that what it reads can be read once. */
  readonly knownLocations: () => KnownLocations;
  readonly logger: LoggerService;
}

/**
 * Finds for catalog-import what a repository holds already. Backstage asks it
 * before it offers to add a descriptor.
 */
export class AzureDevOpsLocationAnalyzer implements ScmLocationAnalyzer {
  readonly #options: AzureDevOpsLocationAnalyzerOptions;
  readonly #isDescriptor: IsDescriptor;

  /** @throws an `InputError` where `entityFilename` is a glob that cannot be matched */
  constructor(options: AzureDevOpsLocationAnalyzerOptions) {
    this.#options = options;
    this.#isDescriptor = descriptorsNamed(
      options.entityFilename,
      '`catalog.import.entityFilename`',
      options.providerPaths,
    );
  }

  supports(url: string): boolean {
    return isAzureDevOpsUrl(url, this.#options.content.context);
  }

  /**
   * The entities of the descriptors that a URL leads to, each with the location
   * to register and whether the catalog has it already. None, if the repository
   * has no descriptor.
   *
   * @throws `InputError` for a URL that leads to no repository, and for
   *   descriptors that are there but give no entity; `NotFoundError` when the
   *   repository or its branch does not exist; `NotAllowedError` when it may
   *   not be read; `ServiceUnavailableError` when Azure DevOps cannot answer
   */
  async analyze({
    url,
    catalogFilename,
  }: AnalyzeOptions): Promise<{ existing: AnalyzeLocationExistingEntity[] }> {
    const { content, providerPaths } = this.#options;
    const parsed = parseRepositoryUrl(url, content.context);
    if (isUnsupported(parsed)) {
      throw unsupportedUrlError(url, parsed);
    }
    try {
      return await content.withRepository(
        parsed,
        SOMEBODY_WAITS,
        async resolved => {
          const found = await findDescriptors(
            content,
            resolved,
            parsed.path,
            catalogFilename === undefined
              ? this.#isDescriptor
              : descriptorsNamed(
                  catalogFilename,
                  'catalogFilename',
                  providerPaths,
                ),
          );
          return { existing: await this.#read(url, found) };
        },
        explainMissingRepository,
      );
    } catch (error) {
      throw asAnswer(toBackstageError(url, error));
    }
  }

  async #read(
    url: string,
    found: readonly FoundFile[],
  ): Promise<AnalyzeLocationExistingEntity[]> {
    const known = this.#options.knownLocations();
    const files = await mapAtMost(CONCURRENCY, found, file =>
      this.#readOne(file, known),
    );
    const existing = files.flatMap(file => file.existing);
    const rejections = files.flatMap(file => file.rejections);
    if (rejections.length > 0) {
      const message = `${unableToRead(url)} as a whole: ${rejections.join(' ')}`;
      if (existing.length === 0) {
        throw new InputError(message);
      }
      this.#options.logger.warn(message);
    }
    return existing;
  }

  async #readOne(
    { resolved, ...item }: FoundFile,
    knownLocations: KnownLocations,
  ): Promise<{
    existing: AnalyzeLocationExistingEntity[];
    rejections: string[];
  }> {
    const { content, rules, yaml } = this.#options;
    const { path } = item;
    const file = {
      organization: resolved.client.organization,
      repository: resolved.repository,
      path,
      version: resolved.version,
    };
    const url = canonicalLocationUrl(file);
    const [bytes, known] = await Promise.all([
      content.openBlob(resolved, item),
      knownLocations({ ...file, url }),
    ]);
    if (!Buffer.isBuffer(bytes)) {
      bytes.destroy();
      const problem = 'the file is too large to be read; split it into several';
      return { existing: [], rejections: [`${path}: ${problem}.`] };
    }
    const parsed = await parseDescriptor(yaml, bytes.toString('utf8'));
    const documents = applyLocation(parsed.documents, { target: url, rules });
    const target = known?.as === 'location' ? known.target : url;
    return {
      existing: documents
        .filter(document => document.outcome === 'entity')
        .map(({ entity }) => ({
          location: { type: 'url', target },
          isRegistered: known !== undefined,
          entity,
        })),
      rejections: documents
        .filter(document => document.outcome === 'rejected')
        .map(document => `${path}, ${describeRejection(document)}`),
    };
  }
}

/**
 * The page shows the status alone. A 401 would mean that the person who looks at
 * it has to sign in, but it is the backend's credential that may not read.
 */
function asAnswer(error: unknown): unknown {
  return error instanceof Error && error.name === 'AuthenticationError'
    ? new NotAllowedError(error.message)
    : error;
}
