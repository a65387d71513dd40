import { crc32, deflateRawSync } from 'node:zlib';

// A ZIP archive (PKWARE's APPNOTE.TXT, 4.3) as it is written in one go: size and
// checksum of a file follow it (4.3.9), so a reader needs the directory at the end.

export interface ZipEntry {
  /** Without a leading slash. */
  readonly path: string;
  readonly content: Buffer;
}

const VERSION = 20;
const UTF8_NAMES = 0x0800;
const SIZES_FOLLOW = 0x0008;
const DEFLATED = 8;
/** Midnight of 1 January 1980, where the format's time begins. */
const EPOCH = 0x0021_0000;

export function zipArchive(entries: Iterable<ZipEntry>): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, content } of entries) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(VERSION, 0);
    common.writeUInt16LE(UTF8_NAMES | SIZES_FOLLOW, 2);
    common.writeUInt16LE(DEFLATED, 4);
    common.writeUInt32LE(EPOCH, 6);
    common.writeUInt16LE(name.length, 22);
    const sizes = Buffer.alloc(12);
    sizes.writeUInt32LE(crc32(content), 0);
    sizes.writeUInt32LE(packed.length, 4);
    sizes.writeUInt32LE(content.length, 8);
    const file = Buffer.concat([
      signature(0x04034b50),
      common,
      name,
      packed,
      signature(0x08074b50),
      sizes,
    ]);
    sizes.copy(common, 10);
    const where = Buffer.alloc(14);
    where.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([
        signature(0x02014b50),
        Buffer.from([VERSION, 0]),
        common,
        where,
        name,
      ]),
    );
    files.push(file);
    offset += file.length;
  }
  const size = directory.reduce((sum, entry) => sum + entry.length, 0);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(size, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...files, ...directory, signature(0x06054b50), end]);
}

function signature(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}
