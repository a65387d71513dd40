import type { Repository } from '../azure/types';
import { count, formatBytes } from './format';
import { printable } from './io';
import { type Column, renderTable } from './table';

const COLUMNS: readonly Column[] = [
  { title: 'PROJECT' },
  { title: 'REPOSITORY' },
  { title: 'DEFAULT BRANCH' },
  { title: 'SIZE', align: 'right' },
  { title: 'STATE' },
];

/** Repositories by project and name, as people look for them. */
export function sortRepositories(
  repositories: readonly Repository[],
): Repository[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [...repositories].sort(
    (a, b) =>
      compare(a.project.name, b.project.name) || compare(a.name, b.name),
  );
}

/** A table of repositories for people. */
export function renderRepositories(
  repositories: readonly Repository[],
  width: number,
): string {
  return renderTable(
    COLUMNS,
    repositories.map(repository =>
      [
        repository.project.name,
        repository.name,
        repository.defaultBranch ?? '-',
        repository.size === undefined ? '-' : formatBytes(repository.size),
        stateOf(repository).join(', '),
      ].map(printable),
    ),
    width,
  );
}

/** How many repositories in how many projects. */
export function summarize(repositories: readonly Repository[]): string {
  const projects = new Set(repositories.map(r => r.project.id)).size;
  return (
    `${count(repositories.length, 'repository', 'repositories')} ` +
    `in ${count(projects, 'project')}`
  );
}

/** What is to be known of a repository before its files are looked for. */
export function stateOf(repository: Repository): string[] {
  const states = [
    ...(repository.isDisabled ? ['disabled'] : []),
    ...(repository.defaultBranch === undefined ? ['empty'] : []),
    ...(repository.isFork ? ['fork'] : []),
    ...(repository.project.state === 'wellFormed'
      ? []
      : [`project ${repository.project.state}`]),
  ];
  return states.length > 0 ? states : ['ready'];
}
