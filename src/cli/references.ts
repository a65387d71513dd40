import { ConfigReader } from '@backstage/config';
import { getAzureDownloadUrl, ScmIntegrations } from '@backstage/integration';
import type { LocationContext } from '../content/context';
import {
  decodings,
  isGlob,
  isUnsupported,
  pathGlob,
} from '../content/repository-url';
import { parseRepositoryUrl } from '../content/url';
import {
  PlaceholderError,
  type ReadReference,
} from '../descriptors/placeholders';
import type { RepositoryAddress } from '../descriptors/url';
import { CLOUD_HOST } from '../organization';
import type { Checkout } from './checkout';
import { messageOf } from '../thrown';

/** The files that entities of a checkout refer to, as the catalog resolves and reads them. */
export class References {
  readonly #context: LocationContext;
  readonly #integrations: ScmIntegrations;

  /** @param repository - where the checkout is, or stands for that where it is not known */
  constructor(
    private readonly checkout: Checkout,
    { organization }: RepositoryAddress,
    private readonly isRepositoryKnown: boolean,
  ) {
    this.#context = {
      hosts: [CLOUD_HOST, organization.host.toLowerCase()],
      organizations: [organization],
    };
    this.#integrations = ScmIntegrations.fromConfig(
      new ConfigReader({
        integrations: { azure: this.#context.hosts.map(host => ({ host })) },
      }),
    );
  }

  /**
   * Reads what a placeholder refers to, as far as it is in the checkout.
   *
   * @param warn - is told what only the running catalog can tell
   */
  reader(warn: (message: string) => void): ReadReference {
    return async (reference, from) => {
      const url = this.#resolve(reference, from);
      if (!isSameRepository(url, from)) {
        warn(this.#explainOther(reference, url, from));
        return { url, text: undefined };
      }
      const path = this.#pathIn(url);
      const text = path === undefined ? undefined : await this.#textOf(path);
      return { url, text };
    };
  }

  /** Whether a target of a Location is there, as far as it is in the checkout. @throws a PlaceholderError */
  async checkTarget(target: string, from: string): Promise<void> {
    const url = this.#resolve(target, from);
    const path = isSameRepository(url, from) ? this.#pathIn(url) : undefined;
    if (path === undefined) return;
    if (isGlob(path)) await this.#expectMatch(path);
    else await this.#textOf(path);
  }

  #resolve(reference: string, from: string): string {
    try {
      return this.#integrations.resolveUrl({ url: reference, base: from });
    } catch (error) {
      throw new PlaceholderError(
        `expected a relative path or a URL: ${messageOf(error)}`,
      );
    }
  }

  /** `undefined` for another branch or tag, which is not in the checkout. */
  #pathIn(url: string): string | undefined {
    const parsed = parseRepositoryUrl(url, this.#context);
    if (isUnsupported(parsed)) throw new PlaceholderError(parsed.message);
    return parsed.version ? undefined : (parsed.path ?? '/');
  }

  async #expectMatch(pattern: string): Promise<void> {
    const globs = decodings(pattern).map(form => pathGlob(form));
    const listed = await this.checkout.list('/');
    if (!listed.some(path => globs.some(glob => glob.matches(path)))) {
      throw new PlaceholderError('no file of the repository matches it');
    }
  }

  /** Backstage encodes a relative path twice; the first form of it that is there is meant. */
  async #textOf(path: string): Promise<string> {
    let problem = '';
    for (const form of decodings(path)) {
      const found = await this.checkout.read(form);
      switch (found.outcome) {
        case 'file':
          return found.text;
        case 'unreadable':
          throw new PlaceholderError(
            `${form} cannot be read: ${found.problem}`,
          );
        case 'folder':
          problem = `${form} is a folder; expected a file`;
          break;
        case 'absent':
          problem = `${form} is not in the repository${found.near ? `; ${found.near} is, and upper and lower case are different there` : ''}`;
      }
    }
    throw new PlaceholderError(problem);
  }

  /** @throws a PlaceholderError where the catalog reads nothing */
  #explainOther(reference: string, url: string, from: string): string {
    if (!this.#integrations.byUrl(url)) {
      return `${reference} is read from another server, if backend.reading.allow has it; it was not looked at`;
    }
    if (!this.isRepositoryKnown && repositoryOf(url) !== undefined) {
      return `${reference} has to be in the repository of the entity, whose address is not known here; give it with --repository`;
    }
    if (
      repositoryOf(url)?.toLowerCase() === repositoryOf(from)?.toLowerCase()
    ) {
      return `${reference} differs from the address of this repository in upper and lower case, and the catalog compares exactly; a relative path is safe`;
    }
    throw new PlaceholderError(
      'it is in another repository, and the catalog reads placeholders from the repository of the entity only; copy the file, or register it by itself',
    );
  }
}

/** As the catalog compares, since 4.0.3: the address of the repository, upper and lower case included. */
function isSameRepository(url: string, from: string): boolean {
  return repositoryOf(url) === repositoryOf(from);
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
