import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';

const SRC = join(__dirname, '..', '..', 'src');

/** The parts of `src/`, from the lowest floor up; see docs/architecture.md. */
const FLOORS: ReadonlyArray<readonly string[]> = [
  ['organization'],
  ['config'],
  ['credentials'],
  ['azure', 'descriptors'],
  ['policy'],
  ['ledger', 'content'],
  ['shared-service'],
  ['ingestion', 'url-reader', 'catalog-import'],
  ['status', 'cli'],
  ['module'],
  ['index'],
];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isTypeOnly: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .map(file => file.split(sep).join('/'));
const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(SRC, file), 'utf8'),
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
    const to = relative(SRC, join(SRC, dirname(file), moduleSpecifier.text));
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

it('policy imports nothing that runs from other parts', () => {
  const wrong = imports.filter(
    ({ from, to, isTypeOnly: isType }) =>
      partOf(from) === 'policy' && partOf(to) !== 'policy' && !isType,
  );
  expect(wrong).toEqual([]);
});

it('no file imports itself, directly or through others', () => {
  const circles: string[][] = [];
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) {
      circles.push([...path.slice(start), file]);
      return;
    }
    if (done.has(file)) return;
    for (const { to } of imports.filter(({ from }) => from === file)) {
      visit(to, [...path, file]);
    }
    done.add(file);
  };
  const done = new Set<string>();
  files.forEach(file => visit(file, []));
  expect(circles).toEqual([]);
});
