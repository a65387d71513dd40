import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { LoggerService } from '@backstage/backend-plugin-api';
import { InputError, NotAllowedError } from '@backstage/errors';
import type { AnalyzeLocationExistingEntity } from '@backstage/plugin-catalog-common';
import type {
  AnalyzeOptions,
  ScmLocationAnalyzer,
} from '@backstage/plugin-catalog-node';
import {
  applyLocation,
  parseDescriptor,
  type RejectedDocument,
} from '../descriptors/parse';
import type { CatalogRules } from '../descriptors/rules';
import type { YamlParser } from '../descriptors/yaml';
import { canonicalLocationUrl, isUnsupported } from '../content/repository-url';
import type { RepositoryContent } from '../content/content';
import {
  type DescriptorNames,
  findDescriptors,
  type FoundFile,
} from './descriptors';
import {
  unsupportedUrlError,
  subject,
  toBackstageError,
} from '../content/errors';
import type { KnownLocations } from './known-locations';
import { explainMissingRepository } from './missing';
import { isAzureDevOpsUrl, parseRepositoryUrl } from '../content/url';

/** So many descriptors are read at once. */
const CONCURRENCY = 8;
const SOMEBODY_WAITS = { interactive: true };

export interface AzureDevOpsLocationAnalyzerOptions {
  readonly content: RepositoryContent;
  readonly names: DescriptorNames;
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

  constructor(options: AzureDevOpsLocationAnalyzerOptions) {
    this.#options = options;
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
    const { content, names } = this.#options;
    const parsed = parseRepositoryUrl(url, content.context);
    if (isUnsupported(parsed)) {
      throw unsupportedUrlError(url, parsed);
    }
    try {
      if (!(await content.findRepository(parsed, SOMEBODY_WAITS))) {
        const client = content.client(parsed, SOMEBODY_WAITS);
        throw await explainMissingRepository(client, parsed);
      }
      return await content.withRepository(
        parsed,
        SOMEBODY_WAITS,
        async resolved => {
          const found = await findDescriptors(content, resolved, parsed.path, {
            ...names,
            entityFilename: catalogFilename ?? names.entityFilename,
          });
          return { existing: await this.#read(url, found) };
        },
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
    const rejections: string[] = [];
    const existing: AnalyzeLocationExistingEntity[] = [];
    for (let i = 0; i < found.length; i += CONCURRENCY) {
      const files = await Promise.all(
        found.slice(i, i + CONCURRENCY).map(file => this.#readOne(file, known)),
      );
      existing.push(...files.flatMap(file => file.existing));
      rejections.push(...files.flatMap(file => file.rejections));
    }
    if (rejections.length > 0) {
      const message = `${subject(url)} as a whole: ${rejections.join(' ')}`;
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
    const parsed = await parseDescriptor(yaml, await textOf(bytes));
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
        .map(document => describeRejection(path, document)),
    };
  }
}

async function textOf(content: Buffer | Readable): Promise<string> {
  return Buffer.isBuffer(content)
    ? content.toString('utf8')
    : await text(content);
}

function describeRejection(path: string, document: RejectedDocument): string {
  const line = document.line === undefined ? '' : `, line ${document.line}`;
  return `${path}, document ${document.index + 1}${line}: ${document.message}`;
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
