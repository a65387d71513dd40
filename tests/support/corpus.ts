import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const OURS = resolve(__dirname, '..', 'fixtures', 'corpus');
/** Real files of public repositories, where they lie beside the checkout. */
const REAL = resolve(__dirname, '..', '..', '..', 'shared', 'corpus');

/** A descriptor file as somebody might have it in a repository. */
interface CorpusFile {
  readonly name: string;
  readonly content: Buffer;
  /** What is special about it; see the README of the corpus. */
  readonly traits: readonly string[];
}

/** The descriptor files of tests/fixtures/corpus, and further ones that may lie beside the checkout. */
export function corpusFiles(): CorpusFile[] {
  return [
    ...corpusOf(OURS, 'file', ''),
    { name: 'large.yaml', content: largeDescriptor(), traits: ['large'] },
    ...(existsSync(REAL) ? corpusOf(REAL, 'id', 'real-') : []),
  ];
}

/** The names of the files in a corpus of ours that its index does not list, and the other way round. */
export function unlisted(): string[] {
  const listed = new Set(readIndex(OURS, 'file').keys());
  const present = new Set(readdirSync(join(OURS, 'files')));
  return [...listed, ...present].filter(
    name => !listed.has(name) || !present.has(name),
  );
}

function corpusOf(
  directory: string,
  column: 'file' | 'id',
  prefix: string,
): CorpusFile[] {
  return [...readIndex(directory, column)].map(([key, traits]) => {
    const name = column === 'id' ? `${key}.yaml` : key;
    const content = readFileSync(join(directory, 'files', name));
    return { name: `${prefix}${name}`, content, traits };
  });
}

/** The traits of each file of a table with a row for each. */
function readIndex(directory: string, column: string): Map<string, string[]> {
  const [head = '', ...rows] = readFileSync(
    join(directory, 'index.tsv'),
    'utf8',
  )
    .trim()
    .split('\n');
  const columns = head.split('\t');
  return new Map(
    rows.map(row => {
      const cells = row.split('\t');
      const traits = cells[columns.indexOf('traits')] ?? '';
      return [cells[columns.indexOf(column)] ?? '', traits.split(',')];
    }),
  );
}

/** An API whose definition is written out in the descriptor, as exporters do. */
function largeDescriptor(): Buffer {
  const paths = Array.from({ length: 100 }, (_, i) =>
    [
      `      /berths/{berth}/moorings-${i}:`,
      '        get:',
      `          operationId: getMooring${i}`,
      '          parameters:',
      '            - {name: berth, in: path, required: true, schema: {type: string}}',
      '          responses:',
      "            '200':",
      '              description: "What is moored there: ship, since when, until when"',
    ].join('\n'),
  );
  return Buffer.from(
    [
      'apiVersion: backstage.io/v1alpha1',
      'kind: API',
      'metadata:',
      '  name: moorings-api',
      'spec:',
      '  type: openapi',
      '  lifecycle: production',
      '  owner: team-quay',
      '  definition: |',
      '    openapi: 3.0.3',
      '    paths:',
      ...paths,
      '',
    ].join('\n'),
  );
}
