import fc from 'fast-check';
import { canonicalUrl } from '../../src/descriptors/url';
import { canonicalLocationUrl } from '../../src/content/repository-url';
import type { LocationContext } from '../../src/content/context';
import { parseRepositoryUrl } from '../../src/content/url';
import { Organization } from '../../src/organization';

/** Text that some part of a URL could stumble over, and plain text. */
const awkward = fc.constantFrom(
  ...'abcXYZ019-_.~ !"#$%&\'()+,;=@[]^`{|}éß漢字🚀'.match(/./gu)!,
  '%2F',
  '%25',
  '&version=GBx',
  'refs',
  '_git',
);
const text = (min = 1) =>
  fc
    .array(awkward, { minLength: min, maxLength: 12 })
    .map(parts => parts.join(''));
// Azure DevOps takes neither dots alone nor a leading underscore for a name.
const name = text()
  .map(value => value.trim())
  .filter(value => value !== '' && !/^(\.+|_.*)$/.test(value));
const segment = text().filter(value => value !== '.' && value !== '..');
const path = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map(segments => `/${segments.join('/')}`);
const branch = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map(segments => segments.join('/'));
// What begins with xn-- is a host only where Punycode follows.
const label = fc
  .stringMatching(/^[a-z][a-z0-9-]{0,14}[a-z0-9]$/)
  .filter(value => !value.startsWith('xn--'));
const organization: fc.Arbitrary<Organization> = fc.oneof(
  label.map(organization => new Organization('dev.azure.com', organization)),
  label.map(
    organization =>
      new Organization(`${organization}.visualstudio.com`, organization),
  ),
  fc
    .tuple(fc.constantFrom('tfs.example.com', 'tfs.example.com:8443'), name)
    .map(([host, organization]) => new Organization(host, organization)),
  name.map(
    collection => new Organization('tfs.example.com', `tfs/${collection}`),
  ),
);

/** Everything that names this organization and no other is configured. */
function knowing(known: Organization): LocationContext {
  return { hosts: ['dev.azure.com', known.host], organizations: [known] };
}

describe('the canonical URL of a descriptor', () => {
  it('is parsed to the parts that it was made of', () => {
    fc.assert(
      fc.property(
        organization,
        name,
        name,
        path,
        fc.option(branch, { nil: undefined }),
        (ref, project, repository, file, ofBranch) => {
          const url = canonicalUrl({
            organization: ref,
            project,
            repository,
            path: file,
            version: ofBranch && `GB${ofBranch}`,
          });
          expect(parseRepositoryUrl(url, knowing(ref))).toEqual({
            outcome: 'repository',
            organization: ref,
            project,
            repository,
            path: file,
            version: ofBranch && { type: 'branch', version: ofBranch },
          });
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('leaves the default branch out, and has every other version', () => {
    fc.assert(
      fc.property(name, path, branch, (repository, file, version) => {
        const ref = new Organization('dev.azure.com', 'contoso');
        const parts = {
          organization: ref,
          repository: {
            id: '1',
            name: repository,
            project: { id: '2', name: 'P', state: 'wellFormed' },
            defaultBranch: 'main',
            isDisabled: false,
            isFork: false,
          },
          path: file,
        };
        const plain = canonicalLocationUrl(parts);
        expect(
          canonicalLocationUrl({
            ...parts,
            version: { type: 'branch', version: 'main' },
          }),
        ).toBe(plain);
        for (const type of ['branch', 'tag'] as const) {
          fc.pre(version !== 'main');
          const url = canonicalLocationUrl({
            ...parts,
            version: { type, version },
          });
          expect(parseRepositoryUrl(url, knowing(ref))).toMatchObject({
            path: file,
            version: { type, version },
          });
          expect(url.startsWith(`${plain}&version=G`)).toBe(true);
        }
      }),
    );
  });
});

describe('parsing a URL', () => {
  it('never throws, whatever the text', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc
        .tuple(
          fc.constantFrom(
            'https://dev.azure.com/',
            'https://x.visualstudio.com/',
            'ssh://git@ssh.dev.azure.com/',
            'git@ssh.dev.azure.com:',
            'https://tfs.example.com/',
          ),
          fc.array(
            fc.oneof(
              fc.constantFrom(
                '_git',
                '_apis',
                'git',
                'repositories',
                'items',
                'v3',
                'tfs',
                'commit',
                '?path=',
                '&version=GB',
                '..',
                '%',
                '#',
              ),
              fc.string(),
            ),
          ),
        )
        .map(([prefix, parts]) => prefix + parts.join('/')),
    );
    const context = knowing(
      new Organization('tfs.example.com', 'tfs/DefaultCollection'),
    );
    fc.assert(
      fc.property(anything, url => {
        const parsed = parseRepositoryUrl(url, context);
        if (parsed.outcome === 'unsupported') {
          expect(parsed.message).toMatch(/[.:]$/);
        } else {
          expect(parsed.repository).not.toBe('');
          expect(parsed.path ?? '/x').toMatch(/^\/[^]/);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
