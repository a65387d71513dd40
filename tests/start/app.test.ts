import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(__dirname, '..', '..');

async function build() {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [join(root, 'dev', 'app', 'build.mjs')],
    { cwd: root },
  );
  return { directory: join(root, stdout.trim()), said: stderr };
}

describe('the web app of npm start', () => {
  it('is built once into a page whose script and style sheet are there', async () => {
    const first = await build();
    const second = await build();
    expect(second).toEqual({ directory: first.directory, said: '' });

    const html = readFileSync(join(first.directory, 'index.html'), 'utf8');
    const files = [...html.matchAll(/"\/(static\/[^"]+)"/g)].map(
      ([, path]) => path,
    );
    expect(files).toEqual([
      expect.stringMatching(/\.js$/),
      expect.stringMatching(/\.css$/),
    ]);
    for (const file of files) {
      expect(existsSync(join(first.directory, file ?? ''))).toBe(true);
    }
    expect(html).toContain('<!-- configuration -->');
  });
});
