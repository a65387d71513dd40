import {
  formatAddresses,
  formatProgress,
  formatSummary,
} from '../../dev/report';
import {
  catalogContent,
  ingestion,
  organizationReport,
  refreshReport,
} from './reports';

describe('the summary of npm start', () => {
  it('has a row for each organization and one for all', () => {
    const text = formatSummary(
      ingestion(
        refreshReport({
          outcome: 'failed',
          organizations: [
            organizationReport(),
            organizationReport({
              organization: 'dev.azure.com/fabrikam',
              outcome: 'failed',
              problems: ['dev.azure.com/fabrikam: the token was refused'],
              repositories: { seen: 12, selected: 0, skipped: {}, missing: 0 },
              probes: { conclusive: 0, unknown: 0, reasons: {} },
            }),
          ],
        }),
      ),
      catalogContent(),
    );
    expect(text).toMatchInlineSnapshot(`
     "
     Organization            Outcome   Repositories  Selected  Skipped  Read  Unknown
     dev.azure.com/contoso   complete             5         3        2     3        0
     dev.azure.com/fabrikam  failed              12         0        0     0        0
     Total                                       17         3        2     3        0

     Skipped repositories: 1 disabled, 1 empty

     Failed (1):
       dev.azure.com/fabrikam: the token was refused

     Descriptors: 3
     Entities:    7
     Rejected:    0 files
     Requests:    12
     Catalog:     9 entities: 5 Component, 2 API, 2 Location
                  7 from here, 2 from Locations that the catalog reads itself
                  http://localhost:7007/api/catalog"
    `);
  });

  it('names every rejected document and every entity that is defined twice, and has the advice', () => {
    const text = formatSummary(
      ingestion(
        refreshReport({
          rejectedFiles: 1,
          duplicates: [
            {
              entityRef: 'component:default/shop',
              owner:
                'https://dev.azure.com/contoso/Web/_git/shop?path=/catalog-info.yaml',
              others: [
                'https://dev.azure.com/contoso/Web/_git/copy?path=/catalog-info.yaml',
              ],
            },
          ],
          advice: ['nothing lies at /catalog.yaml'],
        }),
      ),
      catalogContent({
        rejectedFiles: [
          {
            target:
              'https://dev.azure.com/contoso/Web/_git/shop?path=/catalog-info.yaml',
            errors: [
              'document 1: User is not allowed by catalog.rules',
              'document 2, line 7, column 3: duplicated key',
            ],
          },
        ],
      }),
    );
    expect(text).toMatchInlineSnapshot(`
     "
     Organization           Outcome   Repositories  Selected  Skipped  Read  Unknown
     dev.azure.com/contoso  complete             5         3        2     3        0

     Skipped repositories: 1 disabled, 1 empty

     Rejected files (1):
       https://dev.azure.com/contoso/Web/_git/shop?path=/catalog-info.yaml
         document 1: User is not allowed by catalog.rules
         document 2, line 7, column 3: duplicated key

     Defined more than once (1):
       component:default/shop is taken from
         https://dev.azure.com/contoso/Web/_git/shop?path=/catalog-info.yaml
       and not from
         https://dev.azure.com/contoso/Web/_git/copy?path=/catalog-info.yaml

     Advice (1):
       nothing lies at /catalog.yaml

     Descriptors: 3
     Entities:    7
     Rejected:    1 file, each shown in the catalog as a Location
     Requests:    12
     Catalog:     9 entities: 5 Component, 2 API, 2 Location
                  7 from here, 2 from Locations that the catalog reads itself
                  http://localhost:7007/api/catalog"
    `);
  });

  it('is preceded by one line that says how far the ingestion is', () => {
    const running = refreshReport({
      outcome: 'running',
      added: 1,
      organizations: [
        organizationReport(),
        organizationReport({
          organization: 'dev.azure.com/fabrikam',
          probes: { conclusive: 0, unknown: 1, reasons: {} },
        }),
      ],
    });
    expect(formatProgress(ingestion(running))).toBe(
      'Ingesting: 2 organizations, 4 of 6 repositories, 1 entity',
    );
  });

  it('is followed by the addresses of the web app, the API and the simulator', () => {
    const baseUrl = 'http://localhost:7007';
    expect(formatAddresses({ baseUrl })).not.toContain('Web app');
    expect(
      formatAddresses({
        baseUrl,
        appDirectory: '/app',
        controlUrl: 'http://127.0.0.1:1',
      }),
    ).toMatchInlineSnapshot(`
     "Web app:             http://localhost:7007
     The catalog's API:   http://localhost:7007/api/catalog/entities
     Simulator's control: http://127.0.0.1:1
                          (dev/simulator/README.md: push, rename, delete, break; seen within a minute)"
    `);
  });
});
