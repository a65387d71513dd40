import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '..', '..');
const SRC = join(ROOT, 'src');
const DEV = join(ROOT, 'dev');

/** The parts of `src/`, from the lowest floor up; see docs/architecture.md. */
const FLOORS: ReadonlyArray<readonly string[]> = [
  [
    'concurrency',
    'documentation',
    'organization',
    'backstage',
    'quotation',
    'nearest',
    'percent-encoding',
    'seldom',
    'thrown',
    'counted',
    'json',
  ],
  ['config'],
  ['credentials'],
  ['azure', 'descriptors'],
  ['policy'],
  ['ledger', 'content'],
  ['shared-service'],
  ['ingestion', 'url-reader', 'catalog-import'],
  ['status', 'events'],
  ['operations'],
  ['cli', 'module'],
  ['index'],
];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isTypeOnly: boolean;
}

const files = filesBelow(SRC);
const imports = files.flatMap(file => importsOf(SRC, file));

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .map(file => file.split(sep).join('/'));
}

function importsOf(directory: string, file: string): Import[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(directory, file), 'utf8'),
    ts.ScriptTarget.Latest,
  );
  return source.statements.flatMap((statement): Import[] => {
    if (!(
      ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)
    )) {
      return [];
    }
    const { moduleSpecifier } = statement;
    if (
      !moduleSpecifier ||
      !ts.isStringLiteral(moduleSpecifier) ||
      !moduleSpecifier.text.startsWith('.')
    ) {
      return [];
    }
    const to = relative(
      directory,
      join(directory, dirname(file), moduleSpecifier.text),
    );
    return [
      {
        from: file,
        to: `${to.split(sep).join('/')}.ts`,
        isTypeOnly: ts.isImportDeclaration(statement)
          ? isTypeOnly(statement)
          : statement.isTypeOnly,
      },
    ];
  });
}

function isTypeOnly({ importClause }: ts.ImportDeclaration): boolean {
  if (!importClause || importClause.isTypeOnly) {
    return importClause?.isTypeOnly ?? false;
  }
  const { namedBindings } = importClause;
  return (
    importClause.name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.every(element => element.isTypeOnly)
  );
}

/** The part of the house that a file belongs to. */
function partOf(file: string): string {
  return (file.split('/')[0] ?? '').replace(/\.ts$/, '');
}

function floorOf(file: string): number {
  return FLOORS.findIndex(parts => parts.includes(partOf(file)));
}

it('every file of src/ belongs to a part that has a floor', () => {
  expect(files.filter(file => floorOf(file) < 0)).toEqual([]);
});

it('every import names a file', () => {
  const missing = imports.filter(({ to }) => !files.includes(to));
  expect(missing).toEqual([]);
});

it('imports point downwards only, and never to another part of the same floor', () => {
  const wrong = imports.filter(
    ({ from, to }) =>
      partOf(from) !== partOf(to) && floorOf(to) >= floorOf(from),
  );
  expect(wrong).toEqual([]);
});

it('policy imports nothing that runs from other parts, but what is as pure as itself', () => {
  const wrong = imports.filter(
    ({ from, to, isTypeOnly: isType }) =>
      partOf(from) === 'policy' &&
      ![
        'policy',
        'nearest',
        'counted',
        'documentation',
        'json',
        'percent-encoding',
      ].includes(partOf(to)) &&
      !isType,
  );
  expect(wrong).toEqual([]);
});

it('no file of src/ imports itself, directly or through others', () => {
  expect(circlesOf(imports)).toEqual([]);
});

it('no file of dev/ imports itself, directly or through others', () => {
  const present = filesBelow(DEV);
  const within = present
    .flatMap(file => importsOf(DEV, file))
    .map(({ to, ...rest }) => ({
      ...rest,
      // A folder is imported by its index; what lies outside imports nothing of dev/.
      to: present.includes(to) ? to : to.replace(/\.ts$/, '/index.ts'),
    }));
  expect(within.length).toBeGreaterThan(100);
  expect(circlesOf(within)).toEqual([]);
});

function circlesOf(all: readonly Import[]): string[][] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) {
      circles.push([...path.slice(start), file]);
      return;
    }
    if (done.has(file)) return;
    for (const { to } of all.filter(({ from }) => from === file)) {
      visit(to, [...path, file]);
    }
    done.add(file);
  };
  new Set(all.map(({ from }) => from)).forEach(file => visit(file, []));
  return circles;
}
