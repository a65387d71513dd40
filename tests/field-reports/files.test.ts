import type { JsonObject } from '@backstage/types';
import { ConfigReader } from '@backstage/config';
import { readProviderConfigs } from '../../src/config/index';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from '../e2e/support';
import type { Refreshed, TestCatalog } from '../support/backend';
import { testFieldReports, type FieldReport } from './table';

const NOT_VALID =
  'document 1, line 1: not valid YAML: expected an object at the root of the document, found a string';
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

let stage: Stage;
let catalog: TestCatalog;
let report: Refreshed;

beforeAll(async () => {
  stage = await setStage();
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
  report = await catalog.refresh();
  await catalog.settled();
});
afterAll(() => stage.stop());

/** What the catalog shows of the descriptor of a repository. */
function errorOf(repository: string): string {
  return (
    report.rejectedFiles
      .find(({ target }) => target.includes(`/_git/${repository}?`))
      ?.errors.join('\n') ?? 'no error'
  );
}

/** The address that the organization of a provider is read under. */
function addressOf(block: JsonObject, azure: JsonObject[]): string {
  const [reading] = readProviderConfigs(
    new ConfigReader({
      integrations: { azure },
      catalog: { providers: { azureDevOps: { main: block } } },
    }),
  );
  return (
    reading?.error?.message ?? reading?.settings?.organizations[0]?.url ?? ''
  );
}

const met = (
  number: number,
  input: string,
  before: string,
  right: RegExp,
  now: FieldReport['now'],
): FieldReport => ({ number, input, before, seenAt: 'baa2d86', right, now });

testFieldReports('Files and hosts', [
  ...['utf-16-with-a-mark', 'utf-16-without-a-mark', 'utf-16-big-endian'].map(
    name =>
      met(5, name, NOT_VALID, /the file is UTF-16; save it as UTF-8/, () =>
        errorOf(name),
      ),
  ),
  met(5, 'utf-32', NOT_VALID, /the file is UTF-32; save it as UTF-8/, () =>
    errorOf('utf-32'),
  ),
  met(
    5,
    'latin-1-and-a-mistake',
    'document 1, line 11, column 1: not valid YAML: Missing closing "quote',
    /; the file has bytes that are not UTF-8, as in Latin-1 or Windows-1252: save it as UTF-8$/,
    () => errorOf('latin-1-and-a-mistake'),
  ),
  met(
    5,
    'a-zero-byte',
    'document 1, line 9, column 1: not valid YAML: Missing closing "quote',
    /; the file has zero bytes: it is binary, or not saved as UTF-8$/,
    () => errorOf('a-zero-byte'),
  ),
  ...['lfs-pointer', 'lfs-pointer-with-extension', 'old-lfs-pointer'].map(
    name =>
      met(
        5,
        name,
        NOT_VALID,
        /the file is a Git LFS pointer.*take it out of LFS/,
        () => errorOf(name),
      ),
  ),
  met(
    6,
    'host: contoso.visualstudio.com, the credential under dev.azure.com, $text: ./openapi.yaml',
    'no entity: Placeholder $text could not read location ./openapi.yaml, NotAllowedError: Unable to read https://contoso.visualstudio.com/Sandbox/_git/openapi.yaml?path=/catalog-info.yaml: contoso.visualstudio.com/contoso has no repository Sandbox/openapi.yaml, or the credential for contoso.visualstudio.com/contoso may not read it; no source-location on a component either',
    /^definition: openapi: 3\.1\.0; source-location: url:https:\/\/dev\.azure\.com\/contoso\/Sandbox\/_git\/petstore/,
    async () => {
      const [api] = await catalog.entities({ kind: 'api' });
      const source =
        api?.metadata.annotations?.['backstage.io/source-location'];
      return `definition: ${String(api?.spec?.definition).trim()}; source-location: ${source}`;
    },
  ),
  met(
    6,
    'the same, with organizations: [Contoso]',
    'https://contoso.visualstudio.com',
    /^https:\/\/dev\.azure\.com\/Contoso$/,
    () =>
      addressOf(
        { host: 'contoso.visualstudio.com', organizations: ['Contoso'] },
        [{ host: 'dev.azure.com' }],
      ),
  ),
  met(
    6,
    'the same, without any entry under integrations.azure',
    'https://contoso.visualstudio.com',
    /^https:\/\/dev\.azure\.com\/contoso$/,
    () => addressOf({ host: 'Contoso.VisualStudio.com' }, []),
  ),
  met(
    6,
    'the same, with an entry of its own under integrations.azure',
    'https://contoso.visualstudio.com',
    /^https:\/\/contoso\.visualstudio\.com$/,
    () =>
      addressOf({ host: 'contoso.visualstudio.com' }, [
        { host: 'contoso.visualstudio.com' },
      ]),
  ),
]);
