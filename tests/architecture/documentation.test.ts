import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');

it('README.md names every page of docs/', () => {
  const text = read('README.md');
  const pages = readdirSync(join(ROOT, 'docs')).filter(it =>
    it.endsWith('.md'),
  );
  expect(pages.filter(page => !text.includes(`docs/${page})`))).toEqual([]);
});

it('docs/architecture.md has every part of src/, and no other', () => {
  const [, house = ''] =
    /```\nsrc\/\n([^]*?)```/.exec(read('docs', 'architecture.md')) ?? [];
  const named = [...house.matchAll(/^ {2}(\S+)/gm)].map(([, name = '']) =>
    name.replace(/\/$/, ''),
  );
  expect(named.sort()).toEqual(readdirSync(join(ROOT, 'src')).sort());
});

it('docs/architecture.md names no file of src/ that is not there', () => {
  const files = readdirSync(join(ROOT, 'src'), {
    recursive: true,
    encoding: 'utf8',
  }).map(file => `/${file.split(sep).join('/')}`);
  const named = read('docs', 'architecture.md').matchAll(/`([\w/-]+\.ts)`/g);
  const missing = [...named]
    .map(([, name = '']) => name)
    .filter(name => !files.some(file => file.endsWith(`/${name}`)));
  expect(missing).toEqual([]);
});
