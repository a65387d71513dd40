import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SRC = join(__dirname, '..', '..', 'src');
const NOUNS = [
  'entities',
  'descriptors?',
  'repositories',
  'projects?',
  'organizations?',
  'files?',
  'documents?',
  'requests?',
  'removals?',
  'lists?',
  'others?',
  'reads?',
  'subscriptions?',
  'changes',
  'bytes',
  'blobs',
  'results',
].join('|');
/** Up to two words before the noun, as in `3 further projects`. */
const COUNTED = new RegExp(
  `\\$\\{([^{}]+)\\} (?:(?:more|other|further|known) ){0,2}(?:${NOUNS.replaceAll('?', '')})\\b`,
  'g',
);
/** What is never one, or has one seen to. */
const FINE = [
  // A limit, or more than one, or a name.
  /^[A-Z_]+$|^answers\.length$|^format\(MAX_\w+\)$|^bytes$|^their$/,
  // The sentence is another one for one.
  /^(repositories|files\.length|missed|others\.length)$/,
];

it('a message that counts tells one from many: it says `1 entity`, by counted.ts', () => {
  const wrong = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .flatMap(file =>
      [...readFileSync(join(SRC, file), 'utf8').matchAll(COUNTED)]
        .filter(([, value = '']) => !FINE.some(it => it.test(value)))
        .map(([text]) => `${file}: ${text}`),
    );
  expect(wrong).toEqual([]);
});
