import { ServiceUnavailableError } from '@backstage/errors';
import type { AzureDevOpsClient } from '../azure/types';
import { LeastRecentlyUsed } from './cache';
import { blobObjectId } from './git-object';
import type { Waiting } from './last-good';
import { SharedOperations } from './shared-operations';

/** The content of files by object id. An object id stands for one content for ever, in whatever repository. */
export class Blobs {
  readonly #kept: LeastRecentlyUsed<Buffer>;
  readonly #reading = new SharedOperations<Buffer>();

  /** @param limit - of what is kept, in bytes */
  constructor(limit: number) {
    this.#kept = new LeastRecentlyUsed(limit, blob => blob.byteLength);
  }

  /** The content, if it is kept. */
  get(objectId: string): Buffer | undefined {
    return this.#kept.get(objectId);
  }

  /**
   * Keeps what the service decoded as text, if encoding it again gives the very
   * file: not so for what is not UTF-8, or was cut short.
   */
  keepText(objectId: string, text: string): Buffer | undefined {
    const content = Buffer.from(text, 'utf8');
    if (blobObjectId(content) !== objectId) {
      return undefined;
    }
    this.#kept.set(objectId, content);
    return content;
  }

  /**
   * The content, from the service if it is not kept.
   *
   * @throws a `ServiceUnavailableError` when what came is not what was asked for
   */
  async read(
    client: AzureDevOpsClient,
    repositoryId: string,
    objectId: string,
    waiting: Waiting = {},
  ): Promise<Buffer> {
    const kept = this.#kept.get(objectId);
    if (kept) {
      return kept;
    }
    const key = `${repositoryId}\n${objectId}`;
    return await this.#reading.run(key, waiting, async shared => {
      const bytes = await client.readBlob({
        repository: repositoryId,
        objectId,
        signal: shared,
      });
      if (blobObjectId(bytes) !== objectId) {
        throw new ServiceUnavailableError(
          `Azure DevOps sent ${bytes.byteLength} bytes that are not the blob ${objectId} of repository ${repositoryId}. They were dropped; the next read asks again.`,
        );
      }
      const content = Buffer.from(bytes);
      this.#kept.set(objectId, content);
      return content;
    });
  }
}
