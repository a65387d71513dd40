import fc from 'fast-check';
import {
  type DescriptorPath,
  mergeDescriptorPaths,
  nameFilter,
  readDescriptorPath,
} from '../../src/config/patterns';

function matchesNamePattern(glob: string, text: string): boolean {
  return nameFilter([glob], []).matches(text);
}

function findsDescriptor(
  paths: readonly DescriptorPath[],
  path: string,
): boolean {
  return paths.some(it => it.matches(path));
}

/** The same pattern as a regular expression: slower in the worst case, and obviously right. */
function asRegExp(pattern: string): RegExp {
  const source = Array.from(pattern, c =>
    c === '*'
      ? '.*'
      : c === '?'
        ? '.'
        : c.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&'),
  ).join('');
  return new RegExp(`^${source}$`, 'isu');
}

const letters = fc.constantFrom(...'aAbB .-_[](){}+#&%ä😀');
const name = fc.string({ unit: letters, maxLength: 12 });
const pattern = fc.string({
  unit: fc.oneof(letters, fc.constantFrom('*', '?')),
  maxLength: 8,
});

describe('a pattern of names', () => {
  it.each([
    ['*', 'anything at all', true],
    ['*', '', true],
    ['My Project', 'my project', true],
    ['My Project', 'my project 2', false],
    ['service-*', 'SERVICE-a-b', true],
    ['service-?', 'service-', false],
    ['service-?', 'service-😀', true],
    ['*-api-*', 'x-api-y', true],
    ['*.*', 'a.b', true],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['[ab]', '[AB]', true],
    ['{a,b}', 'a', false],
    ['ΟΔΟΣ*', 'οδοςΑ', true],
    ['straße', 'STRASSE', false],
    ['*ÄÖ?', 'xxäöÜ', true],
  ])('%s matched against %s gives %s', (glob, text, expected) => {
    expect(matchesNamePattern(glob, text)).toBe(expected);
  });

  it('matches what the equivalent regular expression matches', () => {
    fc.assert(
      fc.property(pattern, name, (glob, text) => {
        expect(matchesNamePattern(glob, text)).toBe(asRegExp(glob).test(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('matches each name from which it was made by putting wildcards in', () => {
    fc.assert(
      fc.property(name, fc.nat(), fc.nat(), (text, from, to) => {
        const characters = [...text];
        const [start, end] = [from, to]
          .map(n => n % (characters.length + 1))
          .sort((a, b) => a - b);
        const widened = [
          ...characters.slice(0, start),
          '*',
          ...characters.slice(end),
        ].join('');
        expect(matchesNamePattern(widened, text)).toBe(true);
      }),
    );
  });

  it('ignores case, in the pattern and in the name', () => {
    fc.assert(
      fc.property(pattern, name, (glob, text) => {
        const verdict = matchesNamePattern(glob, text);
        expect(matchesNamePattern(glob.toUpperCase(), text)).toBe(verdict);
        expect(matchesNamePattern(glob, text.toLowerCase())).toBe(verdict);
      }),
    );
  });

  it('does not take long, whatever the pattern', () => {
    // A matcher that backtracks needs some 10^30 steps for this one.
    expect(matchesNamePattern(`${'*a'.repeat(60)}b`, 'a'.repeat(2_000))).toBe(
      false,
    );
  });
});

describe('a filter of names', () => {
  it('selects what is included and not excluded', () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { minLength: 1 }),
        fc.array(pattern),
        name,
        (include, exclude, text) => {
          const hits = (list: string[]) =>
            list.some(glob => matchesNamePattern(glob, text));
          expect(nameFilter(include, exclude).matches(text)).toBe(
            hits(include) && !hits(exclude),
          );
        },
      ),
    );
  });
});

/** Reads a path that has to be right. */
function pathsOf(...texts: string[]): DescriptorPath[] {
  return mergeDescriptorPaths(
    texts.flatMap(text => {
      const reading = readDescriptorPath(text);
      if (reading.expected !== undefined) throw new Error(reading.expected);
      return [...reading.paths];
    }),
  );
}

describe('a path without wildcards', () => {
  it.each([
    ['/catalog-info.yaml', '/catalog-info.yaml'],
    ['catalog-info.yaml', '/catalog-info.yaml'],
    ['./catalog-info.yaml', '/catalog-info.yaml'],
    ['//a///b/./c.yaml', '/a/b/c.yaml'],
    ['.backstage/info.yaml', '/.backstage/info.yaml'],
    ['/a b/#c/!d/e&f%20+ü.yaml', '/a b/#c/!d/e&f%20+ü.yaml'],
    ['/old (1)/+(x)/c.yaml', '/old (1)/+(x)/c.yaml'],
    ['/{id}/c.yaml', '/{id}/c.yaml'],
    ['/[[]id]/c.yaml', '/[id]/c.yaml'],
    ['/..data/c.yaml', '/..data/c.yaml'],
  ])('%s is the file %s', (text, path) => {
    expect(pathsOf(text)).toMatchObject([{ kind: 'literal', path }]);
    expect(findsDescriptor(pathsOf(text), path)).toBe(true);
    expect(findsDescriptor(pathsOf(text), `${path}x`)).toBe(false);
  });

  it('stands for several files when it has alternatives', () => {
    expect(pathsOf('/{a,b}/catalog-info.{yaml,yml}')).toMatchObject(
      [
        '/a/catalog-info.yaml',
        '/a/catalog-info.yml',
        '/b/catalog-info.yaml',
        '/b/catalog-info.yml',
      ].map(path => ({ kind: 'literal', path })),
    );
  });

  it('is treated as a glob when its alternatives stand for too many files', () => {
    expect(pathsOf('/services/{1..50}/c.yaml')).toMatchObject([
      { kind: 'glob', scopePath: '/services' },
    ]);
  });
});

describe('a glob', () => {
  it.each<[string, string, string[], string[]]>([
    [
      '/**/catalog-info.yaml',
      '/',
      [
        '/catalog-info.yaml',
        '/a/catalog-info.yaml',
        '/a/.b/c/catalog-info.yaml',
      ],
      ['/catalog-info.yml', '/a/Catalog-Info.yaml', '/a/catalog-info.yaml/x'],
    ],
    [
      'src/*/catalog-info.yaml',
      '/src',
      ['/src/a/catalog-info.yaml', '/src/.a/catalog-info.yaml'],
      [
        '/src/catalog-info.yaml',
        '/src/a/b/catalog-info.yaml',
        '/x/src/a/catalog-info.yaml',
      ],
    ],
    ['/a/b/**/*.yaml', '/a/b', ['/a/b/c.yaml', '/a/b/c/d.yaml'], ['/a/c.yaml']],
    [
      '/s/{a,b}/c*.yaml',
      '/s',
      ['/s/a/c1.yaml', '/s/b/c.yaml'],
      ['/s/c/c.yaml'],
    ],
    [
      '/s/{a,b}/**/c.yaml',
      '/s',
      ['/s/a/c.yaml', '/s/b/x/c.yaml'],
      ['/s/c/c.yaml'],
    ],
    ['/[[]id]/*.yaml', '/[id]', ['/[id]/a.yaml'], ['/i/a.yaml']],
    [
      '/info-[0-9].yaml',
      '/',
      ['/info-1.yaml'],
      ['/info-a.yaml', '/info-10.yaml'],
    ],
    [
      '/catalog[._-]info.y[!b]ml',
      '/',
      ['/catalog.info.yaml', '/catalog-info.y.ml'],
      ['/cataloginfo.yaml', '/catalog/info.yaml'],
    ],
    [
      '/team?/c.yaml',
      '/',
      ['/team1/c.yaml'],
      ['/team/c.yaml', '/team/a/c.yaml'],
    ],
    ['/a (b)/*.yaml', '/a (b)', ['/a (b)/c.yaml'], ['/a b/c.yaml']],
  ])(
    '%s is looked for below %s, and finds what it should there',
    (text, scopePath, found, others) => {
      expect(pathsOf(text)).toMatchObject([{ kind: 'glob', scopePath }]);
      for (const path of found) {
        expect([path, findsDescriptor(pathsOf(text), path)]).toEqual([
          path,
          true,
        ]);
      }
      for (const path of others) {
        expect([path, findsDescriptor(pathsOf(text), path)]).toEqual([
          path,
          false,
        ]);
      }
    },
  );

  const segment = fc.constantFrom('a', 'b', '.c', '[d]', 'e f', '{g}');
  const part = fc.oneof(
    segment,
    fc.constantFrom('*', '**', '?', '{a,b}', '[ab]', 'a*'),
  );
  const glob = fc
    .tuple(
      fc.array(part, { maxLength: 4 }),
      fc.constantFrom('x.yaml', '*.yaml', 'x.{yaml,yml}'),
    )
    .map(([folders, file]) => `/${[...folders, file].join('/')}`);
  const file = fc
    .tuple(
      fc.array(segment, { maxLength: 4 }),
      fc.constantFrom('x.yaml', 'x.yml', 'y.yaml'),
    )
    .map(([folders, last]) => `/${[...folders, last].join('/')}`);

  it('matches nothing outside the folder below which it is looked for', () => {
    let matches = 0;
    fc.assert(
      fc.property(glob, file, (text, path) => {
        for (const found of pathsOf(text)) {
          if (found.kind !== 'glob' || !found.matches(path)) continue;
          matches += 1;
          const folder = found.scopePath === '/' ? '/' : `${found.scopePath}/`;
          expect(path.startsWith(folder)).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
    expect(matches).toBeGreaterThan(50);
  });

  it('finds the same file however the list of paths is merged', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(glob, file), { minLength: 1, maxLength: 4 }),
        file,
        (texts, path) => {
          const separately = texts.some(text =>
            findsDescriptor(pathsOf(text), path),
          );
          expect(findsDescriptor(pathsOf(...texts), path)).toBe(separately);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a list of paths', () => {
  it('names each file once, and none that a glob finds anyway', () => {
    expect(
      pathsOf(
        '/a.yaml',
        'a.yaml',
        '/docs/b.yaml',
        '/docs/*.yaml',
        'docs/*.yaml',
      ),
    ).toMatchObject([
      { kind: 'literal', path: '/a.yaml' },
      { kind: 'glob', pattern: '/docs/*.yaml' },
    ]);
  });
});

describe('a text that is no path', () => {
  it.each([
    ['', 'not of a folder'],
    ['/', 'not of a folder'],
    ['.', 'not of a folder'],
    ['a/', 'not of a folder'],
    ['a/.', 'not of a folder'],
    ['..', 'without `..`'],
    ['/a/../b.yaml', 'without `..`'],
    ['/{a,..}/b.yaml', 'without `..`'],
    ['a\\b', 'without a backslash'],
    ['https://dev.azure.com/a/b/_git/c?path=/d.yaml', 'not a URL'],
    ['**', 'ends in the name of a file'],
    ['/a/*', 'ends in the name of a file'],
    ['/{a.yaml,b/*}', 'ends in the name of a file'],
  ])('such as %j is a mistake, and the message says: %s', (text, reason) => {
    expect(readDescriptorPath(text).expected).toContain(reason);
  });

  it('gives a message and never an exception, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), text => {
        const reading = readDescriptorPath(text);
        if (reading.expected !== undefined) return;
        expect(reading.paths.length).toBeGreaterThan(0);
        for (const path of reading.paths) {
          const place = path.kind === 'literal' ? path.path : path.pattern;
          expect(place).toMatch(/^\/[^/]/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
