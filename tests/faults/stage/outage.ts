import type { Refreshed } from '../../support/backend';
import {
  compare,
  describeDifference,
  isSame,
  replaced,
  type CatalogSnapshot,
} from './compare';
import {
  firstPicture,
  inOrder,
  partOf,
  unchanged,
  withComponents,
  withoutReferences,
  type Edit,
  type Picture,
} from './picture';
import type { Row, RowOutcome } from './row';
import { setStage, type SetSettings } from './start';
import type { Stage } from './stage';
import {
  component,
  DESCRIPTOR,
  ORGANIZATIONS,
  type OrganizationName,
} from './world';

/** A stretch of time: something happens, and then the catalog is refreshed. */
export interface Phase {
  begin?(stage: Stage): void | Promise<void>;
  /** How often. Default: 1. */
  readonly refreshes?: number;
  /** What the catalog should hold after each, from what it held at first. Default: the same. */
  readonly holds?: Edit;
  /** How many Locations should show what is wrong with a file. Default: none. */
  readonly errors?: number;
  /** The error of the last of them. Default: it succeeds. */
  readonly failsWith?: RegExp;
  /** Looks at what else should be true after the last of them, and returns what is not. */
  check?(stage: Stage, report: Refreshed): Promise<string[]>;
}

/** Something goes wrong for a while, and then it is right again. */
interface Outage {
  readonly group: number;
  readonly name: string;
  readonly injected: string;
  readonly expected: string;
  /** Default: `contoso`. */
  readonly strikes?: OrganizationName | 'all';
  settings?(): SetSettings;
  readonly during: readonly Phase[];
  /** Puts things right, if they are not right by then. */
  end?(stage: Stage): void | Promise<void>;
  /** What the catalog should hold in the end, from what it held at first. Default: the same. */
  readonly endsWith?: Edit;
  /** What is taken from the catalog on purpose, and comes back as another entity. */
  readonly mayBeReplaced?: readonly string[];
  /** Looks at what else should be true in the end, and returns what is not. */
  check?(stage: Stage): Promise<string[]>;
}

/** How many refreshes are tried before a row is given up. */
const PATIENCE = 6;

export function outage(declared: Outage): Row {
  const { group, name, injected, expected } = declared;
  return {
    group,
    name,
    injected,
    expected,
    async run() {
      const stage = await setStage(declared.settings?.());
      try {
        return await new OutageRun(stage, declared).run();
      } finally {
        await stage.clear();
      }
    },
  };
}

class OutageRun {
  private readonly lost = new Set<string>();
  private readonly failures: string[] = [];
  private readonly others: readonly OrganizationName[];
  /** What happens in the organizations that the fault does not strike. */
  private readonly elsewhere: Edit;
  /** What may have another uid in the end, because it was rightly gone for a while. */
  private readonly rightlyGone: Set<string>;
  private undisturbed = true;
  private reported = '';

  constructor(
    private readonly stage: Stage,
    private readonly declared: Outage,
  ) {
    const { strikes = 'contoso' } = declared;
    this.others = ORGANIZATIONS.filter(
      name => strikes !== 'all' && name !== strikes,
    );
    this.elsewhere = inOrder(...this.others.map(changeOf));
    this.rightlyGone = new Set(declared.mayBeReplaced);
  }

  async run(): Promise<RowOutcome> {
    const { stage, declared, others } = this;
    const before = await stage.snapshot();
    others.forEach(name => changeSomething(stage, name));
    for (const phase of declared.during) {
      await this.goThrough(phase);
    }
    await declared.end?.(stage);

    const expected = this.expect(declared.endsWith ?? unchanged);
    const refreshesUntilWhole = await this.recover(expected);
    if (refreshesUntilWhole !== undefined && refreshesUntilWhole > 1) {
      this.failures.push(`whole only after ${refreshesUntilWhole} refreshes`);
    }
    const after = await stage.snapshot();
    const { surplus } = this.noteMissing(after, expected);
    for (const reference of replaced(before, after)) {
      if (!this.rightlyGone.has(reference)) {
        this.lost.add(`${reference} (another uid)`);
      }
    }
    await this.lookAtApi(expected);
    this.failures.push(...((await declared.check?.(stage)) ?? []));
    return {
      lost: [...this.lost],
      wronglyKept: [...surplus, ...after.errors],
      othersUndisturbed: others.length > 0 ? this.undisturbed : undefined,
      refreshesUntilWhole,
      reported: this.reported,
      failures: this.failures,
    };
  }

  private async goThrough(phase: Phase): Promise<void> {
    await phase.begin?.(this.stage);
    const expected = this.expect(phase.holds ?? unchanged);
    const { refreshes = 1, failsWith, errors = 0 } = phase;
    for (let refresh = 1; refresh <= refreshes; refresh++) {
      const report = await this.stage.refresh();
      const snapshot = await this.stage.snapshot();
      this.lookAt(snapshot, expected, errors);
      this.reported = describeReport(report);
      const isExpected = failsWith
        ? failsWith.test(report.error ?? '')
        : report.error === undefined;
      if (refresh === refreshes && !isExpected) {
        this.failures.push(
          `expected ${failsWith ?? 'no error'}, got: ${this.reported}`,
        );
      }
      if (refresh === refreshes) {
        this.failures.push(
          ...((await phase.check?.(this.stage, report)) ?? []),
        );
      }
    }
  }

  private lookAt(
    snapshot: CatalogSnapshot,
    expected: Picture,
    errors: number,
  ): void {
    const { surplus, stale } = this.noteMissing(snapshot, expected);
    const others = compare(
      { ...snapshot, entities: partOf2(snapshot, this.others) },
      partOf(expected, this.others),
    );
    this.undisturbed &&= isSame(others);
    const rest = describeDifference({ missing: [], surplus, stale });
    if (rest) {
      this.failures.push(`during the fault: ${rest}`);
    }
    if (snapshot.errors.length !== errors) {
      this.failures.push(
        `expected ${errors} Locations that show an error, got ${snapshot.errors.length}`,
      );
    }
  }

  private noteMissing(snapshot: CatalogSnapshot, expected: Picture) {
    const difference = compare(snapshot, expected);
    for (const reference of difference.missing) {
      this.lost.add(reference);
    }
    return difference;
  }

  private expect(edit: Edit): Picture {
    const first = firstPicture();
    const expected = this.elsewhere(edit(first));
    for (const reference of first.keys()) {
      if (!expected.has(reference)) {
        this.rightlyGone.add(reference);
      }
    }
    return expected;
  }

  /** @returns after how many refreshes everything is as expected, without an error */
  private async recover(expected: Picture): Promise<number | undefined> {
    for (let refreshes = 1; refreshes <= PATIENCE; refreshes++) {
      const { error } = await this.stage.refresh();
      const snapshot = await this.stage.snapshot();
      const isWhole =
        isSame(compare(snapshot, expected)) && snapshot.errors.length === 0;
      if (isWhole && error === undefined) {
        return refreshes;
      }
      if (refreshes === PATIENCE) {
        this.failures.push(
          `in the end: ${describeDifference(compare(snapshot, expected))} ${error ?? ''}`,
        );
      }
    }
    return undefined;
  }

  /** The API shows what the catalog's tables hold. */
  private async lookAtApi(expected: Picture): Promise<void> {
    const { catalog } = this.stage;
    await catalog.settled();
    const seen = new Set(
      (await catalog.entities()).map(
        ({ kind, metadata }) => `${kind}:default/${metadata.name}`,
      ),
    );
    const shown = new Set([...seen].map(reference => reference.toLowerCase()));
    for (const reference of expected.keys()) {
      if (!shown.has(reference)) {
        this.lost.add(`${reference} (not shown)`);
      }
    }
  }
}

/** Somebody works on, in an organization that has no trouble: a change, a removal, an addition. */
function changeSomething(stage: Stage, organization: OrganizationName): void {
  const { world } = stage;
  world.repository(organization, 1).push({
    files: { [DESCRIPTOR]: component(`${organization}-1`, 2) },
  });
  world.repository(organization, 2).push({ files: { [DESCRIPTOR]: null } });
  world.project(organization, 'R&D').addRepository('a new one', {
    files: { [DESCRIPTOR]: component(`${organization}-new`) },
  });
}

function changeOf(organization: OrganizationName): Edit {
  return inOrder(
    withComponents([`${organization}-1`], 2),
    withoutReferences([`component:default/${organization}-2`]),
    withComponents([`${organization}-new`], 1),
  );
}

function partOf2(
  snapshot: CatalogSnapshot,
  organizations: readonly OrganizationName[],
): CatalogSnapshot['entities'] {
  const wanted = partOf(
    new Map([...snapshot.entities].map(([reference]) => [reference, 0])),
    organizations,
  );
  return new Map(
    [...snapshot.entities].filter(([reference]) => wanted.has(reference)),
  );
}

/** In a few words: the first problem, how many more, and what else the report shows. */
function describeReport(report: Refreshed): string {
  const problems = (report.error ?? '').split('\n- ').slice(1);
  const [first = report.error] = problems;
  if (first !== undefined) {
    return problems.length > 1
      ? `${problems.length} problems, the first: ${first}`
      : first;
  }
  const missing = report.organizations.reduce(
    (sum, { repositories }) => sum + repositories.missing,
    0,
  );
  const rejected = report.rejectedFiles;
  return [
    'no error',
    ...(missing > 0 ? [`${missing} repositories missing from the list`] : []),
    ...(rejected > 0 ? [`files with rejected documents: ${rejected}`] : []),
  ].join('; ');
}
