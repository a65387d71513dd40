import {
  type Ingestion,
  expectedEntities,
  failures,
  isFinished,
} from '../../dev/summary';
import { ingestion, organizationReport, refreshReport } from './reports';

const NEVER_STARTED = {
  provider: 'AzureDevOpsEntityProvider:development',
};

describe('npm start -- --once', () => {
  it('succeeds although files are rejected', () => {
    expect(failures(ingestion(refreshReport({ rejectedFiles: 1 })))).toEqual(
      [],
    );
  });

  it.each<[string, Ingestion, string[]]>([
    [
      'a probe without an answer',
      ingestion(
        refreshReport({
          outcome: 'failed',
          organizations: [
            organizationReport({
              outcome: 'incomplete',
              problems: ['dev.azure.com/contoso: could not tell'],
            }),
          ],
        }),
      ),
      ['dev.azure.com/contoso: could not tell'],
    ],
    [
      'an organization that failed without a word',
      ingestion(
        refreshReport({
          outcome: 'failed',
          organizations: [organizationReport({ outcome: 'failed' })],
        }),
      ),
      ['dev.azure.com/contoso: failed'],
    ],
    [
      'a refresh that failed as a whole',
      {
        refreshes: [
          {
            provider: 'AzureDevOpsEntityProvider:development',
            report: {
              ...refreshReport({ outcome: 'failed' }),
              error: 'the database is gone',
            },
          },
        ],
        requests: 0,
      },
      ['AzureDevOpsEntityProvider:development: the database is gone'],
    ],
    [
      'a refresh that never began',
      { refreshes: [NEVER_STARTED], requests: 0 },
      ['AzureDevOpsEntityProvider:development: it has not come to an end'],
    ],
  ])('exits with 1 after %s', (_, given, expected) => {
    expect(failures(given)).toEqual(expected);
  });
});

describe('npm start waits', () => {
  it('until every refresh has ended, good or bad', () => {
    const failed = refreshReport({ outcome: 'failed' });
    const running = refreshReport({ outcome: 'running' });
    expect(isFinished(ingestion(refreshReport(), failed))).toBe(true);
    expect(isFinished(ingestion(refreshReport(), running))).toBe(false);
    expect(isFinished({ refreshes: [NEVER_STARTED], requests: 0 })).toBe(false);
  });

  it('for all entities, and a Location for each rejected file', () => {
    expect(
      expectedEntities(
        ingestion(
          refreshReport({ entities: 7 }),
          refreshReport({ entities: 2, rejectedFiles: 1 }),
        ),
      ),
    ).toBe(10);
  });
});
