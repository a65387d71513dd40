import type { Repository } from '../../azure/types';
import type { HintProject, HintRepository } from './types';
import type { KnownRepository } from '../../policy/model';

/**
 * Pure. The projects that hints can be about: those with a repository that was
 * verified before. What is new or unfinished is probed anyway.
 *
 * @param descriptors - how many descriptors a project has, by its id
 */
export function projectsInQuestion(input: {
  readonly selected: readonly Repository[];
  readonly known: ReadonlyMap<string, KnownRepository>;
  readonly descriptors: ReadonlyMap<string, number>;
}): HintProject[] {
  const { selected, known, descriptors } = input;
  const projects = new Map<
    string,
    { name: string; repositories: Map<string, HintRepository> }
  >();
  for (const repository of selected) {
    const former = known.get(repository.id);
    if (former?.outcome === 'conclusive' && former.verifiedAt !== undefined) {
      const { id, name } = repository.project;
      const project = projects.get(id) ?? { name, repositories: new Map() };
      projects.set(id, project);
      project.repositories.set(repository.id.toLowerCase(), {
        repository,
        verifiedAt: former.verifiedAt,
      });
    }
  }
  return [...projects].map(([id, project]) => ({
    id,
    ...project,
    descriptors: descriptors.get(id) ?? 0,
  }));
}
