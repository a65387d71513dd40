import type { Ledger } from '../ledger/ledger';
import type { Organization } from '../organization';
import type { KnownRepository, Removal } from '../policy/model';
import type { OrganizationList, SkippedRepository } from '../policy/select';

/** What is known of a file that the ledger does not have, the strongest first, and what that means for the entities that it gave. */
export const EVIDENCE = {
  read: { grade: 'confirmed', reason: 'its file gives no such entity' },
  disabled: { grade: 'confirmed', reason: 'its repository is disabled' },
  'not-selected': {
    grade: 'deselected',
    reason: 'the configuration does not select its repository',
  },
  'not-listed': {
    grade: 'inferred',
    reason: 'the list lacks its repository',
  },
  'project-not-listed': {
    grade: 'inferred',
    reason: 'the list has nothing of its project',
  },
} as const satisfies Record<string, Removal>;

export type Evidence = keyof typeof EVIDENCE;

const STRONGEST_FIRST = Object.keys(EVIDENCE) as Evidence[];

/** What a URL names, as far as this needs it; `undefined` when it names no repository. */
export type LocateTarget = (target: string) =>
  | {
      readonly organization: Organization;
      readonly project?: string;
      readonly repository: string;
      readonly path?: string;
    }
  | undefined;

interface FileEvidenceInput {
  readonly ledger: Pick<Ledger, 'repositories'>;
  readonly locate: LocateTarget;
  /** Whether the configuration asks for a path at all. */
  readonly asksFor: (path: string) => boolean;
  /** The lists of the organizations that could be had, by key. */
  readonly lists: ReadonlyMap<string, OrganizationList>;
  /** How many lists in a row have to lack a repository. */
  readonly confirmations: number;
  /** By URL, how many have by now; the provider's, from one refresh to the next. */
  readonly lacked: Map<string, number>;
}

/**
 * On what evidence what files gave can go that the ledger does not have: those of
 * the official module's Locations, and those of entities that were removed before.
 * As of one refresh.
 */
export class FileEvidence {
  private readonly lackedBefore: ReadonlyMap<string, number>;
  private readonly found = new Map<string, Evidence | undefined>();
  private readonly seen: NamesInLists;
  private repositories: ReadonlyMap<string, KnownRepository> | undefined;

  constructor(private readonly input: FileEvidenceInput) {
    this.lackedBefore = new Map(input.lacked);
    input.lacked.clear();
    this.seen = namesInLists(input.lists);
  }

  /** The weakest for any of these URLs; `undefined` where there is none for one of them. */
  async ofAll(targets: readonly string[]): Promise<Evidence | undefined> {
    this.repositories ??= new Map(
      (await this.input.ledger.repositories()).map(repository => [
        nameKey(repository.organization, repository.project, repository.name),
        repository,
      ]),
    );
    const { repositories } = this;
    const found = targets.map(it => this.of(it, repositories));
    return found.includes(undefined)
      ? undefined
      : (STRONGEST_FIRST.findLast(it => found.includes(it)) ?? 'read');
  }

  private of(
    target: string,
    repositories: ReadonlyMap<string, KnownRepository>,
  ): Evidence | undefined {
    if (!this.found.has(target)) {
      const evidence = this.judge(target, repositories);
      this.found.set(
        target,
        evidence === 'not-listed' && !this.isConfirmed(target)
          ? undefined
          : evidence,
      );
    }
    return this.found.get(target);
  }

  /** Counts one more list that lacks the repository of a URL. */
  private isConfirmed(target: string): boolean {
    const { lacked, confirmations } = this.input;
    const count = (this.lackedBefore.get(target) ?? 0) + 1;
    lacked.set(target, count);
    return count >= confirmations;
  }

  private judge(
    target: string,
    repositories: ReadonlyMap<string, KnownRepository>,
  ): Evidence | undefined {
    const { locate, asksFor, lists } = this.input;
    const location = locate(target);
    // Of a file that we do not look for, nothing is known: `*` in a path may have
    // reached further in the official module than it does here.
    if (!location || !asksFor(location.path ?? '')) {
      return undefined;
    }
    const organization = location.organization.key;
    const project = location.project ?? location.repository;
    const name = nameKey(organization, project, location.repository);
    const repository = repositories.get(name);
    if (repository) {
      return repository.outcome === 'conclusive' ? 'read' : undefined;
    }
    if (!lists.has(organization)) {
      return undefined;
    }
    const { listed, projects } = this.seen;
    if (listed.has(name)) {
      return listed.get(name);
    }
    return projects.has(nameKey(organization, project))
      ? 'not-listed'
      : 'project-not-listed';
  }
}

/** The names in the organizations' lists. */
interface NamesInLists {
  /** By the key of a repository, what its being listed is evidence of; `undefined` where the ledger may not know yet what it has. */
  readonly listed: ReadonlyMap<string, Evidence | undefined>;
  /** Keys of projects. */
  readonly projects: ReadonlySet<string>;
}

function namesInLists(
  lists: ReadonlyMap<string, OrganizationList>,
): NamesInLists {
  const listed = new Map<string, Evidence | undefined>();
  const projects = new Set<string>();
  for (const [organization, { selected, skipped }] of lists) {
    const note = (
      { project, name }: OrganizationList['selected'][number],
      evidence: Evidence | undefined,
    ) => {
      projects.add(nameKey(organization, project.name));
      listed.set(nameKey(organization, project.name, name), evidence);
    };
    selected.forEach(repository => note(repository, undefined));
    skipped.forEach(it => note(it.repository, evidenceOfSkipping(it)));
  }
  return { listed, projects };
}

function evidenceOfSkipping({
  reason,
  evidence,
}: SkippedRepository): Evidence | undefined {
  switch (evidence) {
    case 'configuration':
      return 'not-selected';
    case 'disabled':
      return 'disabled';
    case 'state':
      // That it is empty nobody proves who does not look for it.
      return reason === 'empty' ? 'not-listed' : undefined;
  }
}

function nameKey(...names: string[]): string {
  return names.join('\n').toLowerCase();
}
