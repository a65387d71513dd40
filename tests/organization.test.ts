import { Organization } from '../src/organization';

it.each([
  [true, 'dev.azure.com', 'contoso', 'dev.azure.com', 'Contoso'],
  [true, 'dev.azure.com', 'contoso', 'Contoso.visualstudio.com', 'contoso'],
  [false, 'dev.azure.com', 'contoso', 'fabrikam.visualstudio.com', 'fabrikam'],
  [true, 'tfs.example.com', 'tfs/Main', 'TFS.example.com', 'tfs/main'],
  [false, 'tfs.example.com', 'contoso', 'dev.azure.com', 'contoso'],
  [false, 'tfs.example.com', 'contoso', 'other.example.com', 'contoso'],
])(
  'it is %s that %s/%s is the same organization as %s/%s',
  (same, host, name, otherHost, otherName) => {
    const a = new Organization(host, name);
    const b = new Organization(otherHost, otherName);
    expect([a.isSameAs(b), b.isSameAs(a)]).toEqual([same, same]);
  },
);
