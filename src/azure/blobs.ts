import { buffer } from 'node:stream/consumers';
import { fromBufferPromise } from 'yauzl';
import { counted } from '../counted';
import { orAbsent } from './absence';
import { ZipArchive } from './archive';
import {
  type Requests,
  describeRepository,
  describeVersion,
  LIMITS,
  toDescriptor,
} from './requests';
import { AzureDevOpsRequestError, lastingFault } from './errors';
import { blobObjectId, streamedObjectId } from './object-id';
import { MalformedError } from './parse';
import { DiskError, TemporaryFile } from './temporary-file';
import type { AzureDevOpsClient, BlobOptions } from './types';

export type BlobMethods = Pick<
  AzureDevOpsClient,
  'readBlob' | 'readBlobs' | 'downloadBlob' | 'downloadArchive'
>;

/** The contents of files, by their object ids, each checked against its own. */
export function blobMethods(requests: Requests): BlobMethods {
  return {
    async readBlob(options) {
      const { repository, objectId, signal } = options;
      const { maxBytes = LIMITS.blob } = options;
      return await requests.git(
        {
          signal,
          operation: describeBlob(options),
          names: [repository, objectId],
          expects: 'bytes',
          maxBytes,
          compress: true,
          parse: body => checkBlob(body as Buffer, objectId),
        },
        git => git.getBlobContent(repository, objectId),
      );
    },

    async readBlobs(options) {
      const { repository, objectIds, signal } = options;
      const { maxBytes = LIMITS.blobs } = options;
      const archive = await requests.git(
        {
          signal,
          operation: `read ${counted(objectIds.length, 'blob')} of ${describeRepository(options)}`,
          names: [repository],
          expects: 'bytes',
          isPostedQuestion: true,
          maxBytes: LIMITS.blobs,
          parse: body => body as Buffer,
        },
        git => git.getBlobsZip([...objectIds], repository),
      );
      return await unzipBlobs(archive, { each: maxBytes, all: LIMITS.blobs });
    },

    async downloadBlob(options) {
      const { repository, objectId, signal } = options;
      const operation = describeBlob(options);
      return await intoFile(requests, operation, file =>
        requests.git(
          {
            signal,
            operation,
            names: [repository, objectId],
            expects: 'bytes',
            maxBytes: Infinity,
            compress: true,
            file,
            parse: () => checkDownload(file, objectId),
          },
          git => git.getBlobContent(repository, objectId),
        ),
      );
    },

    async downloadArchive(options) {
      const { repository, folder, version, signal } = options;
      const operation = `download ${folder} of ${describeRepository(options)}${describeVersion(version)} as an archive`;
      return await intoFile(requests, operation, file =>
        orAbsent(() =>
          requests.git(
            {
              signal,
              operation,
              names: [repository],
              expects: 'bytes',
              maxBytes: Infinity,
              // A third of an archive of small files are names.
              compress: true,
              file,
              parse: () => ZipArchive.open(file, folder),
            },
            git =>
              git.getItemZip(
                repository,
                folder,
                undefined,
                undefined,
                undefined,
                undefined,
                undefined,
                true,
                toDescriptor(version),
              ),
          ),
        ),
      );
    },
  };
}

/**
 * The blobs that a zip archive holds, by their object ids, which are those of
 * their content: what the archive calls them is not documented, and does not
 * matter.
 *
 * @param limits.each - in bytes: a larger blob is left out
 * @param limits.all - in bytes: a blob is left out with which all would be larger
 * @returns none where it is no archive, or a damaged one from there on
 */
async function unzipBlobs(
  archive: Buffer,
  limits: { readonly each: number; readonly all: number },
): Promise<Map<string, Buffer>> {
  const blobs = new Map<string, Buffer>();
  let left = limits.all;
  try {
    const zip = await fromBufferPromise(archive);
    for await (const entry of zip.eachEntry()) {
      const { uncompressedSize } = entry;
      if (uncompressedSize > limits.each || uncompressedSize > left) {
        continue;
      }
      // No more than the size that the entry announces.
      const content = await buffer(await zip.openReadStreamPromise(entry));
      left -= content.length;
      blobs.set(blobObjectId(content), content);
    }
  } catch {
    // What was read until then is what it is by its own object id.
  }
  return blobs;
}

/** Downloads into a file, which is closed again unless the result is what was in it. */
async function intoFile<T extends object>(
  { organization }: Requests,
  operation: string,
  download: (file: TemporaryFile) => Promise<T>,
): Promise<T> {
  const file = await TemporaryFile.create().catch((error: unknown) => {
    throw error instanceof DiskError
      ? new AzureDevOpsRequestError(
          organization,
          operation,
          lastingFault('disk', error.message),
        )
      : error;
  });
  let result: T | undefined;
  try {
    result = await download(file);
    return result;
  } finally {
    if (!result || 'reason' in result) {
      await file.close();
    }
  }
}

function describeBlob(options: BlobOptions): string {
  const { path, objectId } = options;
  return `read ${path ? `${path} (blob ${objectId})` : `blob ${objectId}`} of ${describeRepository(options)}`;
}

/** @throws MalformedError where the bytes have another object id */
function checkBlob(bytes: Uint8Array, objectId: string): Uint8Array {
  if (blobObjectId(bytes) !== objectId.toLowerCase()) {
    throw otherObject(bytes.length);
  }
  return bytes;
}

async function checkDownload(
  file: TemporaryFile,
  objectId: string,
): Promise<TemporaryFile> {
  const size = await file.size();
  const found = await streamedObjectId(file.read(), size);
  if (found !== objectId.toLowerCase()) {
    throw otherObject(size);
  }
  return file;
}

function otherObject(size: number): MalformedError {
  return new MalformedError(
    `a body of ${counted(size, 'byte')} whose object id is another`,
  );
}
