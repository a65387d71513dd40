import { renderTable } from '../src/cli/text';
import { counted } from '../src/counted';
import {
  type CatalogContent,
  type Ingestion,
  failures,
  organizations,
  sum,
} from './summary';

/** One line: how far the ingestion is. */
export function formatProgress(ingestion: Ingestion): string {
  const passes = organizations(ingestion);
  if (passes.length === 0) return 'Waiting for the first refresh';
  const add = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
  const selected = add(passes.map(pass => pass.repositories.selected));
  const probed = add(
    passes.map(({ probes }) => probes.conclusive + probes.unknown),
  );
  return (
    `Ingesting: ${counted(passes.length, 'organization')}, ` +
    `${probed} of ${counted(selected, 'repository')}, ` +
    `${counted(
      sum(ingestion, report => report.added),
      'entity',
    )}`
  );
}

/** What there is to know once the ingestion has ended. */
export function formatSummary(
  ingestion: Ingestion,
  catalog: CatalogContent,
): string {
  return [
    organizationTable(ingestion),
    skippedRepositories(ingestion),
    rejectedFiles(catalog),
    unprocessable(catalog),
    duplicates(ingestion),
    section(
      'Advice',
      ingestion.refreshes.flatMap(({ report }) => report?.advice ?? []),
    ),
    section('Failed', failures(ingestion)),
    totals(ingestion, catalog),
  ]
    .filter(lines => lines.length > 0)
    .map(lines => `\n${lines.join('\n')}`)
    .join('\n');
}

/** Where to look. */
export function formatAddresses(options: {
  readonly baseUrl: string;
  readonly appDirectory?: string;
  readonly controlUrl?: string;
}): string {
  const { baseUrl, appDirectory, controlUrl } = options;
  return [
    ...(appDirectory ? [`Web app:             ${baseUrl}`] : []),
    `The catalog's API:   ${baseUrl}/api/catalog/entities`,
    ...(controlUrl
      ? [
          `Simulator's control: ${controlUrl}`,
          '                     (dev/simulator/README.md: push, rename, delete, break; seen within a minute)',
        ]
      : []),
  ].join('\n');
}

const COUNTS = ['Repositories', 'Selected', 'Skipped', 'Read', 'Unknown'];

function organizationTable(ingestion: Ingestion): string[] {
  const passes = organizations(ingestion);
  if (passes.length === 0) return [];
  const rows: Array<{ words: string[]; counts: number[] }> = passes.map(
    ({ organization, outcome, repositories, probes }) => ({
      words: [organization, outcome],
      counts: [
        repositories.seen,
        repositories.selected,
        Object.values(repositories.skipped).reduce((a, b) => a + b, 0),
        probes.conclusive,
        probes.unknown,
      ],
    }),
  );
  if (rows.length > 1) {
    rows.push({
      words: ['Total', ''],
      counts: COUNTS.map((_, column) =>
        rows.reduce((total, { counts }) => total + (counts[column] ?? 0), 0),
      ),
    });
  }
  const text = renderTable(
    [
      { title: 'Organization' },
      { title: 'Outcome' },
      ...COUNTS.map(title => ({ title, align: 'right' as const })),
    ],
    rows.map(({ words, counts }) => [...words, ...counts.map(String)]),
  );
  return text.split('\n');
}

function skippedRepositories(ingestion: Ingestion): string[] {
  const reasons = new Map<string, number>();
  for (const { repositories } of organizations(ingestion)) {
    for (const [reason, count] of Object.entries(repositories.skipped)) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + count);
    }
  }
  if (reasons.size === 0) return [];
  const parts = [...reasons].map(([reason, count]) => `${count} ${reason}`);
  return [`Skipped repositories: ${parts.join(', ')}`];
}

function rejectedFiles(catalog: CatalogContent): string[] {
  return section(
    'Rejected files',
    catalog.rejectedFiles.map(({ target, errors }) =>
      [target, ...errors].join('\n  '),
    ),
  );
}

function unprocessable(catalog: CatalogContent): string[] {
  return section(
    'Rejected by the catalog itself',
    catalog.unprocessable.map(({ entityRef, target, errors }) =>
      [`${entityRef} of ${target.replace(/^url:/, '')}`, ...errors].join(
        '\n  ',
      ),
    ),
  );
}

function duplicates(ingestion: Ingestion): string[] {
  const found = ingestion.refreshes.flatMap(
    ({ report }) => report?.duplicates ?? [],
  );
  return section(
    'Defined more than once',
    found.map(({ entityRef, owner, others }) =>
      [`${entityRef} is taken from`, `  ${owner}`, 'and not from']
        .concat(others.map(other => `  ${other}`))
        .join('\n'),
    ),
  );
}

function totals(ingestion: Ingestion, catalog: CatalogContent): string[] {
  const rejected = sum(ingestion, report => report.rejectedFiles);
  const others = catalog.total - catalog.emitted;
  const not = catalog.unprocessable.length;
  const kinds = Object.entries(catalog.kinds)
    .sort(
      ([a, countOfA], [b, countOfB]) =>
        countOfB - countOfA || a.localeCompare(b),
    )
    .map(([kind, count]) => `${count} ${kind}`);
  return [
    `Descriptors: ${sum(ingestion, report => report.descriptors)}`,
    `Entities:    ${sum(ingestion, report => report.entities)}`,
    `Rejected:    ${counted(rejected, 'file')}${rejected > 0 ? ', each shown in the catalog as a Location' : ''}`,
    `Requests:    ${ingestion.requests}`,
    `Catalog:     ${counted(catalog.total, 'entity')}${kinds.length > 0 ? `: ${kinds.join(', ')}` : ''}`,
    `             ${catalog.emitted} from here${not > 0 ? ` (${not} more rejected)` : ''}, ${others} from Locations that the catalog reads itself`,
    `             ${catalog.address}`,
  ];
}

/** A heading with the number of its items, each indented below it. */
function section(heading: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  return [
    `${heading} (${items.length}):`,
    ...items.map(item => `  ${item.trimEnd().replaceAll('\n', '\n  ')}`),
  ];
}
