import fc from 'fast-check';
import { matchCredential } from '../../src/credentials/match';
import { Organization } from '../../src/organization';

interface Entry {
  name: string;
  host: string;
  organizations: string[];
}

function entry(
  name: string,
  host: string,
  organizations: string[] = [],
): Entry {
  return { name, host, organizations };
}

function chosen(entries: Entry[], ref: Organization): string {
  const match = matchCredential(entries, ref);
  return match.outcome === 'matched' ? match.credential.name : match.outcome;
}

const cloud = (organization: string) =>
  new Organization('dev.azure.com', organization);

describe('an organization of dev.azure.com', () => {
  const entries = [
    entry('general', 'dev.azure.com'),
    entry('contoso', 'dev.azure.com', ['Contoso', 'Fabrikam']),
    entry('spaced', 'dev.azure.com', ['My Org']),
    entry('server', 'tfs.example.com'),
  ];

  it.each([
    ['Contoso', 'contoso'],
    ['contoso', 'contoso'],
    ['FABRIKAM', 'contoso'],
    ['my org', 'spaced'],
    ['My%20Org', 'spaced'],
    ['adatum', 'general'],
    ['contoso2', 'general'],
  ])('%s is served by the credential of %s', (organization, expected) => {
    expect(chosen(entries, cloud(organization))).toBe(expected);
  });

  it('is served by the environment when no credential lists it and none serves the rest', () => {
    expect(chosen(entries.slice(1), cloud('adatum'))).toBe('default');
    expect(chosen([], cloud('adatum'))).toBe('default');
  });

  it('that two credentials list is served by the one with the exact spelling, then by the last', () => {
    const twice = [
      entry('one', 'dev.azure.com', ['Contoso']),
      entry('two', 'dev.azure.com', ['contoso']),
      entry('three', 'dev.azure.com', ['CONTOSO']),
    ];
    expect(chosen(twice, cloud('Contoso'))).toBe('one');
    expect(chosen(twice, cloud('contoso'))).toBe('two');
    expect(chosen(twice, cloud('conTOSO'))).toBe('three');
  });

  it('may have a percent sign in its name that encodes nothing', () => {
    expect(
      chosen([entry('percent', 'dev.azure.com', ['100%'])], cloud('100%')),
    ).toBe('percent');
  });
});

describe('an organization under visualstudio.com', () => {
  const legacy = (organization: string) =>
    new Organization(`${organization}.visualstudio.com`, organization);

  it.each<[string, Entry[], string]>([
    [
      'prefers a credential of its own host',
      [
        entry('modern', 'dev.azure.com', ['contoso']),
        entry('own', 'contoso.visualstudio.com'),
      ],
      'own',
    ],
    [
      'then the same organization under dev.azure.com',
      [
        entry('general', 'dev.azure.com'),
        entry('modern', 'dev.azure.com', ['Contoso']),
      ],
      'modern',
    ],
    [
      'then the rest of dev.azure.com',
      [
        entry('general', 'dev.azure.com'),
        entry('other', 'dev.azure.com', ['fabrikam']),
      ],
      'general',
    ],
    ['then the environment', [], 'default'],
    [
      'is served by a credential of its own host that lists it',
      [entry('own', 'contoso.visualstudio.com', ['CONTOSO'])],
      'own',
    ],
    [
      'is not served by a credential for the host of another organization',
      [entry('other', 'fabrikam.visualstudio.com')],
      'default',
    ],
  ])('%s', (_rule, entries, expected) => {
    expect(chosen(entries, legacy('contoso'))).toBe(expected);
  });

  it('is identified by its host, whatever other name its address has', () => {
    expect(
      chosen(
        [entry('modern', 'dev.azure.com', ['contoso'])],
        new Organization('contoso.visualstudio.com', 'DefaultCollection'),
      ),
    ).toBe('modern');
  });
});

describe('a collection of Azure DevOps Server', () => {
  const server = (organization: string, host = 'tfs.example.com') =>
    new Organization(host, organization);

  it.each([
    ['DefaultCollection', 'DefaultCollection', 'listed'],
    ['DefaultCollection', 'defaultcollection', 'listed'],
    ['DefaultCollection', 'tfs/DefaultCollection', 'listed'],
    ['DefaultCollection', 'azuredevops/DefaultCollection', 'listed'],
    ['tfs/DefaultCollection', 'DefaultCollection', 'listed'],
    ['tfs/DefaultCollection', 'TFS/defaultCollection', 'listed'],
    ['tfs/DefaultCollection', 'azuredevops/DefaultCollection', 'general'],
    ['azuredevops', 'azuredevops/DefaultCollection', 'listed'],
    ['tfs', 'tfs/DefaultCollection', 'general'],
    ['DefaultCollection', 'DefaultCollection/Other', 'listed'],
    ['DefaultCollection', 'Other', 'general'],
  ])(
    "for which a credential lists '%s', being %s: %s",
    (name, organization, expected) => {
      const entries = [
        entry('general', 'tfs.example.com'),
        entry('listed', 'tfs.example.com', [name]),
      ];
      expect(chosen(entries, server(organization))).toBe(expected);
    },
  );

  it('is served by the credential that lists its whole path, then its name, then its virtual directory', () => {
    const entries = [
      entry('whole', 'tfs.example.com', ['ado/DefaultCollection']),
      entry('collection', 'tfs.example.com', ['DefaultCollection']),
      entry('directory', 'tfs.example.com', ['ado']),
    ];
    expect(chosen(entries, server('ado/DefaultCollection'))).toBe('whole');
    expect(chosen(entries, server('tfs/DefaultCollection'))).toBe('collection');
    expect(chosen(entries, server('ado/Other'))).toBe('directory');
  });

  it('is on another host when its port differs, except for 443', () => {
    const entries = [entry('one', 'tfs.example.com:8080')];
    expect(chosen(entries, server('C', 'tfs.example.com:8080'))).toBe('one');
    expect(chosen(entries, server('C', 'tfs.example.com'))).toBe('none');
    expect(chosen([entry('two', 'tfs.example.com:443')], server('C'))).toBe(
      'two',
    );
  });

  it('is not served by the environment when nothing is configured for its host', () => {
    expect(chosen([], server('DefaultCollection'))).toBe('none');
    expect(
      chosen(
        [entry('listed', 'tfs.example.com', ['Other'])],
        server('DefaultCollection'),
      ),
    ).toBe('none');
  });
});

describe('whatever is configured,', () => {
  const host = fc.constantFrom(
    'dev.azure.com',
    'tfs.example.com',
    'contoso.visualstudio.com',
  );
  const name = fc.constantFrom(
    'contoso',
    'Contoso',
    'fabrikam',
    'My Org',
    'My%20Org',
    'tfs/contoso',
    'ado/Contoso',
  );
  const entries = fc
    .array(
      fc.record({ host, organizations: fc.array(name, { maxLength: 3 }) }),
      { maxLength: 6 },
    )
    .map(list =>
      list.map((fields, i) => ({ ...fields, name: `credential ${i}` })),
    );
  const refs = fc.tuple(host, name).map(parts => new Organization(...parts));

  it('a credential of another host is never chosen', () => {
    fc.assert(
      fc.property(entries, refs, (list, ref) => {
        const match = matchCredential(list, ref);
        if (match.outcome !== 'matched') return;
        const hosts = ref.host.endsWith('.visualstudio.com')
          ? [ref.host, 'dev.azure.com']
          : [ref.host];
        expect(hosts).toContain(match.credential.host);
      }),
    );
  });

  it('the spelling of the name makes no difference where it is listed once', () => {
    fc.assert(
      fc.property(entries, refs, (list, ref) => {
        const folded = list.map(e => ({
          ...e,
          organizations: e.organizations.map(fold),
        }));
        const names = folded.flatMap(e =>
          e.organizations.map(n => `${e.host}/${n.split('/').at(-1)}`),
        );
        fc.pre(new Set(names).size === names.length);
        const upper = new Organization(ref.host, ref.name.toUpperCase());
        const original = chosen(list, ref);
        expect(chosen(list, upper)).toBe(original);
        expect(chosen(folded, ref)).toBe(original);
      }),
    );
  });

  it('a credential that lists other organizations only is never chosen', () => {
    fc.assert(
      fc.property(entries, refs, (list, ref) => {
        const match = matchCredential(list, ref);
        if (match.outcome !== 'matched') return;
        const { organizations } = match.credential;
        if (organizations.length === 0) return;
        const last = (n: string) => fold(n).split('/').at(-1);
        const wanted = ref.host.endsWith('.visualstudio.com')
          ? [last(ref.name), 'contoso']
          : [last(ref.name)];
        expect(organizations.some(n => wanted.includes(last(n)))).toBe(true);
      }),
    );
  });

  it('only an organization of a Server is left without a credential, and never gets the environment', () => {
    fc.assert(
      fc.property(entries, refs, (list, ref) => {
        const { outcome } = matchCredential(list, ref);
        if (ref.host === 'tfs.example.com') expect(outcome).not.toBe('default');
        else expect(outcome).not.toBe('none');
      }),
    );
  });

  function fold(organization: string): string {
    return decodeURIComponent(organization).toLowerCase();
  }
});
