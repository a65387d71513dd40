import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** What a row of docs/limits.md says, and what the code of a part of src/ has. */
const LIMITS: ReadonlyArray<
  readonly [row: string, says: string, part: string, has: string]
> = [
  ['descriptors', '50,000', 'policy', 'descriptors: 50_000'],
  ['entities', '50,000', 'policy', 'entities: 50_000'],
  ['entities as JSON', '128 MiB', 'policy', 'bytes: 128 * MEBIBYTE'],
  ['time in the thread', '120 s', 'policy', 'parsingMs: 120_000'],
  ['reasons that', '100', 'ingestion', 'REJECTIONS = 100;'],
  ['a glob: ', '1,000 char', 'config', 'LONGEST_PATTERN = 1_000;'],
  ['alternatives', '100', 'config', 'MOST_ALTERNATIVES = 100;'],
  ['path of a file', '2,000', 'ingestion', 'LONGEST_PATH = 2_000;'],
  ['names of a rep', '1,000 char', 'azure', 'LONGEST_NAME = 1_000;'],
  ['size of the file', '16 MiB', 'ingestion', 'whole: 16 * MEBIBYTE'],
  ['characters', '4 Mi', 'descriptors', 'MAX_LENGTH = 4 * 1024 * 1024;'],
  ['documents', '10,000', 'descriptors', 'MAX_DOCUMENTS = 10_000;'],
  ['JSON of all', '16 Mi', 'descriptors', 'JSON_LENGTH = 16 * 1024 *'],
  ['levels of', '500', 'descriptors', 'MAX_DEPTH = 500;'],
  [
    'time and memory',
    '10 s, 256 MB',
    'descriptors',
    's: 10_000, memoryMb: 256 }',
  ],
  ['the wait for another', '90 s', 'ingestion', 'LEASE_WAIT_MS = 90_000;'],
  ['findings on', '1,200 repositories', 'ingestion', 'records: 1_200,'],
  ['findings on', '3,000 files', 'ingestion', 'paths: 3_000,'],
  ['findings on', '2 MiB', 'ingestion', '  bytes: 2 * MEBIBYTE,\n};'],
  [
    'one transaction',
    '400 repositories, 1,000 files or 2 MiB',
    'ingestion',
    '{ records: 400, paths: 1_000, bytes: 2 * MEBIBYTE }',
  ],
  ['one statement', '2 MiB', 'ledger', 'STATEMENT_LENGTH = 2 * 1_048_576;'],
  [
    'one mutation',
    '250 entities or 2 MiB',
    'ledger',
    '{ references: 250, bytes: 2 * 1_048_576 }',
  ],
  ['entities that the catalog refuses', '20', 'ingestion', 'MAX_REFUSED = 20;'],
  ['parsed files', '4 Mi char', 'ingestion', 'CACHE_SIZE = 4 * 1024 * 1024;'],
  ['list of repositories', '256 MiB', 'azure', 'repositories: 256 * MEBIBYTE'],
  ['projects', '16 MiB', 'azure', 'projects: 16 * MEBIBYTE'],
  ['Code Search', '32 MiB', 'azure', 'search: 32 * MEBIBYTE'],
  ['what is in one', '16 MiB', 'azure', 'folder: 16 * MEBIBYTE'],
  ['small files', '128 KiB each', 'ingestion', 'light: 128 * KIBIBYTE'],
  ['small files', '1 MiB in one', 'azure', 'blobs: MEBIBYTE'],
  ['the target of', '64 KiB', 'azure', 'link: 65_536'],
  ['branches that one', '1,000', 'events', 'MOST_BRANCHES = 1_000;'],
  ['user name and', '2,048', 'events', '{1,2048}'],
  ['repositories in one look', '50', 'events', 'BATCH = 50;'],
  ['the rest between', '1 s', 'events', 'REST_MS = 1_000;'],
  ['files read anew', '1,000 ent', 'ingestion', 'AGAIN = 1_000;'],
  ['one look', '60 s', 'ingestion', 'PATIENCE_MS = 60_000;'],
  ['looks in a row', '3', 'ingestion', 'MAX_LOOKS = 3;'],
  [
    'looking again',
    'every 30 s for 10 minutes',
    'events',
    'GIVE_UP_MS = 600_000;',
  ],
  ['a replica that took', '30 s', 'ledger', 'HOLD_MS = 30_000;'],
  ['a replica that took', 'every 15 s', 'events', 'POLL_MS = 15_000;'],
  ['the same warning', 'one a minute', 'seldom.ts', 'INTERVAL_MS = 60_000;'],
  [
    'repositories that are remembered',
    '200,000',
    'events',
    'MOST_UNSELECTED = 200_000;',
  ],
  ['Locations between', '32', 'events', 'DEEPEST = 32;'],
];

/** The code of a folder of src/, or of one file. */
function codeOf(part: string): string[] {
  const place = join(ROOT, 'src', part);
  const files = part.endsWith('.ts')
    ? [place]
    : readdirSync(place, { recursive: true, encoding: 'utf8' })
        .filter(file => file.endsWith('.ts'))
        .map(file => join(place, file));
  return files.map(file => readFileSync(file, 'utf8'));
}

describe('docs/limits.md', () => {
  const rows = readFileSync(join(ROOT, 'docs', 'limits.md'), 'utf8')
    .split('\n')
    .filter(line => line.startsWith('| '))
    .map(line => line.slice(2).split(' | ').slice(0, 2));

  it.each(LIMITS)('says of "%s…": %s', (row, says, part, has) => {
    const limits = rows.filter(([what]) => what?.startsWith(row));
    expect(limits.map(([, limit]) => limit)).toContainEqual(
      expect.stringContaining(says),
    );
    expect(codeOf(part).some(code => code.includes(has))).toBe(true);
  });
});
