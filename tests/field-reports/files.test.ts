import {
  addReadableOrganization,
  component,
  stageForAll,
} from '../e2e/support';
import type { TestCatalog } from '../support/backend';
import { testFieldReports, type FieldReport } from './table';

const LITTLE_ENDIAN_MARK = Buffer.from([0xff, 0xfe]);

const text = component('api', '  # Grüße');
const utf16 = Buffer.from(text, 'utf16le');
const FILES: Record<string, Buffer | string> = {
  'utf-16-with-a-mark': Buffer.concat([LITTLE_ENDIAN_MARK, utf16]),
  'utf-16-without-a-mark': utf16,
  'utf-16-big-endian': Buffer.concat([LITTLE_ENDIAN_MARK, utf16]).swap16(),
  'utf-32': Buffer.from(
    [...text].flatMap(character => [
      character.codePointAt(0)! & 0xff,
      character.codePointAt(0)! >> 8,
      0,
      0,
    ]),
  ),
  'latin-1-and-a-mistake': Buffer.from(
    text.replace('Grüße', 'Grüße\n  name: "Grüße'),
    'latin1',
  ),
  'a-zero-byte': component('api').replace('name: api', 'name: "a\0pi'),
  'lfs-pointer':
    'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n',
  'lfs-pointer-with-extension':
    'version https://git-lfs.github.com/spec/v1\r\next-0-foo sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\r\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\r\nsize 12345\r\n',
  'old-lfs-pointer':
    'version https://hawser.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n',
};
const OPENAPI = component('petstore')
  .replace('Component', 'API')
  .replace('type: service', 'type: openapi')
  .concat('  definition:\n    $text: ./openapi.yaml\n');

const stage = stageForAll();
let catalog: TestCatalog;
let rejectedFiles: Awaited<ReturnType<TestCatalog['rejectedFiles']>>;

beforeAll(async () => {
  const project = addReadableOrganization(
    stage.simulator,
    'contoso',
  ).addProject('Sandbox');
  for (const [name, content] of Object.entries(FILES)) {
    project.addRepository(name, { files: { '/catalog-info.yaml': content } });
  }
  project.addRepository('petstore', {
    files: {
      '/catalog-info.yaml': OPENAPI,
      '/openapi.yaml': 'openapi: 3.1.0\n',
    },
  });
  catalog = await stage.catalog({
    // The credential is that of dev.azure.com.
    providers: { main: { host: 'contoso.visualstudio.com' } },
    catalog: { rules: [{ allow: ['Component', 'API'] }] },
  });
  await catalog.refresh();
  rejectedFiles = await catalog.rejectedFiles();
  await catalog.settled();
});

/** What the catalog shows of the descriptor of a repository. */
function errorOf(repository: string): string {
  return (
    rejectedFiles
      .find(({ target }) => target.includes(`/_git/${repository}?`))
      ?.errors.join('\n') ?? 'no error'
  );
}

const readAs = (right: RegExp, ...names: string[]): FieldReport[] =>
  names.map(name => [name, right, () => errorOf(name)]);

testFieldReports('a file that is no YAML is reported with what it is:', [
  ...readAs(
    /the file is UTF-16; save it as UTF-8/,
    'utf-16-with-a-mark',
    'utf-16-without-a-mark',
    'utf-16-big-endian',
  ),
  ...readAs(/the file is UTF-32; save it as UTF-8/, 'utf-32'),
  ...readAs(
    /; the file has bytes that are not UTF-8, as in Latin-1 or Windows-1252: save it as UTF-8$/,
    'latin-1-and-a-mistake',
  ),
  ...readAs(
    /; the file has zero bytes: it is binary, or not saved as UTF-8$/,
    'a-zero-byte',
  ),
  ...readAs(
    /the file is a Git LFS pointer.*take it out of LFS/,
    'lfs-pointer',
    'lfs-pointer-with-extension',
    'old-lfs-pointer',
  ),
]);

it('a provider for contoso.visualstudio.com reads what a descriptor refers to with the credential of dev.azure.com', async () => {
  const [api] = await catalog.entities({ kind: 'api' });
  expect(api?.spec?.definition).toBe('openapi: 3.1.0\n');
  expect(api?.metadata.annotations?.['backstage.io/source-location']).toMatch(
    /^url:https:\/\/dev\.azure\.com\/contoso\/Sandbox\/_git\/petstore/,
  );
});
