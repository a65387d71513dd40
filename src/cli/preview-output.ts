import {
  countBy,
  describeCounts,
  type Difference,
  type Preview,
  type PreviewedOrganization,
  summaryOf,
} from './preview-model';
import type { PreviewedRepository } from '../ingestion/preview';
import { describeRejection } from '../policy/model';
import { SKIP_REASONS } from '../policy/select';
import { counted } from '../counted';
import { renderFailure } from './session';
import { type Column, hanging, printable, renderTable } from './text';

/** How many lines of one kind are spelled out; the rest is in --json. */
const MOST_LINES = 50;

const COLUMNS: readonly Column[] = [
  { title: 'REPOSITORIES', align: 'right' },
  { title: 'WITH ENTITIES', align: 'right' },
  { title: 'BROKEN', align: 'right' },
  { title: 'WITHOUT', align: 'right' },
  { title: 'SKIPPED', align: 'right' },
  { title: 'UNKNOWN', align: 'right' },
  { title: 'PROJECT' },
];

/** A preview for people. */
export function renderPreview(
  preview: Preview,
  width: number,
  options: { readonly html?: string },
): string {
  const { organizations, entities, duplicates, difference } = preview;
  const sections = [
    ...organizations.map(each => renderOrganization(each, width)),
    section(
      'Defined more than once; the first is the one that counts',
      duplicates.map(({ entityRef, owner, others }) =>
        [entityRef, ...[owner, ...others].map(url => `    ${url}`)].join('\n'),
      ),
    ),
    ...(difference ? renderDifference(difference, width) : []),
    organizations.every(({ failure }) => failure)
      ? ''
      : hanging(
          '',
          `A refresh would give the catalog ${describeCounts(entities)}.`,
          width,
        ),
    options.html === undefined
      ? ''
      : hanging('', `The page is in ${options.html}.`, width),
  ];
  return sections.filter(part => part !== '').join('\n\n');
}

function renderOrganization(
  previewed: PreviewedOrganization,
  width: number,
): string {
  const { provider, organization, repositories, failure } = previewed;
  if (failure) return renderFailure(organization.label, failure, width);
  const as =
    provider === undefined ? 'no provider has it' : `provider ${provider}`;
  const found = summaryOf(repositories);
  const asked = repositories.length - found.skipped;
  const heading = hanging(
    '',
    `${organization.label} (${as}): ${counted(repositories.length, 'repository')}, ${asked} of them looked at`,
    width,
  );
  return [
    heading,
    ...(repositories.length > 0 ? [renderProjects(repositories)] : []),
    section(
      'Skipped',
      [...countBy(repositories.flatMap(({ skipped = [] }) => skipped))].map(
        ([reason, n]) => `${n}  ${SKIP_REASONS[reason]}`,
      ),
    ),
    section('Rejected', rejectionsOf(repositories, width)),
    section(
      'Not known, and left as it is in the catalog',
      repositories.flatMap(each =>
        each.unknown === undefined
          ? []
          : [`${nameOf(each)}\n${hanging('    ', each.unknown, width - 2)}`],
      ),
    ),
  ]
    .filter(part => part !== '')
    .join('\n\n');
}

function renderProjects(repositories: readonly PreviewedRepository[]): string {
  const nameOfProject = ({ repository }: PreviewedRepository) =>
    repository.project.name;
  const { compare } = new Intl.Collator('en', { numeric: true });
  const projects = [...new Set(repositories.map(nameOfProject))].sort(compare);
  return renderTable(
    COLUMNS,
    projects.map(name => {
      const own = repositories.filter(it => nameOfProject(it) === name);
      const { entities, broken, none, skipped, unknown } = summaryOf(own);
      return [own.length, entities, broken, none, skipped, unknown]
        .map(n => (n === 0 ? '-' : n.toLocaleString('en-US')))
        .concat(printable(name));
    }),
  );
}

function rejectionsOf(
  repositories: readonly PreviewedRepository[],
  width: number,
): string[] {
  return repositories.flatMap(({ files }) =>
    files.flatMap(({ target, rejections }) =>
      rejections.length === 0
        ? []
        : [
            [
              target,
              ...rejections.map(each =>
                hanging('    ', describeRejection(each), width - 2),
              ),
            ].join('\n'),
          ],
    ),
  );
}

function renderDifference(difference: Difference, width: number): string[] {
  const { added, changed, removed, unlisted, blocked, invalid } = difference;
  const changes = [added, changed, removed, unlisted, blocked];
  const place = ({
    entityRef,
    target,
  }: {
    entityRef: string;
    target: string;
  }) => `${entityRef}\n    ${target}`;
  return [
    changes.every(list => list.length === 0)
      ? hanging(
          '',
          'The catalog has exactly this: a refresh would change nothing.',
          width,
        )
      : '',
    section('A refresh would add', added.map(place)),
    section(
      'A refresh would change',
      changed.map(
        ({ entityRef, target, fields }) =>
          `${entityRef}\n${hanging('    ', fields.join(', '), width - 2)}\n    ${target}`,
      ),
    ),
    section(
      'A refresh would remove, as far as the guard lets it',
      removed.map(place),
    ),
    section(
      'Of repositories that are not listed; they stay until that is confirmed',
      unlisted.map(place),
    ),
    section(
      'Given to the catalog by somebody else, and so not by a refresh',
      blocked.map(it => `${place(it)}\n    given by ${it.by}`),
    ),
    section(
      'Given, and not shown, since the processing of the catalog does not take them',
      invalid.map(
        ({ entityRef, target, message }) =>
          `${entityRef}\n${hanging('    ', message, width - 2)}\n    ${target}`,
      ),
    ),
  ];
}

/** Nothing where there are no lines. */
function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const shown = lines
    .slice(0, MOST_LINES)
    .flatMap(text => text.split('\n'))
    .map(line => `  ${printable(line)}`);
  const more =
    lines.length > MOST_LINES
      ? [
          `  and ${(lines.length - MOST_LINES).toLocaleString('en-US')} more; --json has them`,
        ]
      : [];
  return [`${title}:`, ...shown, ...more].join('\n');
}

function nameOf({ repository }: PreviewedRepository): string {
  return `${repository.project.name}/${repository.name}`;
}
