import type { JsonObject } from '@backstage/types';
import type { FileContent } from '../../../dev/simulator/model/files';
import type { Refreshed } from '../../support/backend';
import {
  compare,
  describeDifference,
  type CatalogSnapshot,
} from '../stage/compare';
import { outage } from '../stage/outage';
import {
  firstPicture,
  inOrder,
  withComponents,
  without,
  type Edit,
} from '../stage/picture';
import { Replica, type Strain } from '../stage/replica';
import { FULL, type Row, type RowOutcome, type Scale } from '../stage/row';
import { setStageWithoutBackend } from '../stage/start';
import type { Stage } from '../stage/stage';
import { component, DESCRIPTOR } from '../stage/world';

const MEBIBYTE = 1_048_576;
/** What a backend may take for all repositories together. */
const MOST = { memoryBytes: 300 * MEBIBYTE, blockMs: 1_000 };
const HEAP_MB = 1_500;
/** How many refreshes a backend is measured over in a full run: what each of them left behind would add up. */
const REFRESHES = 6;

/** The repository that turns hostile, or large. */
const NUMBER = 3;

interface Monorepo {
  readonly name: string;
  readonly injected: string;
  readonly expected: string;
  /** By path, below the repository's root. */
  files(scale: Scale): Record<string, FileContent>;
  /** The error of the refresh; absent where all of it is to be taken. */
  readonly failsWith?: RegExp;
  /** Looks at the requests of the refresh. */
  check?(stage: Stage, paths: number): string[];
}

/** One repository with more files than others, or larger ones, in a backend with a small heap. */
function monorepo(declared: Monorepo): Row {
  return {
    group: 8,
    name: declared.name,
    injected: declared.injected,
    expected: declared.expected,
    async run(scale) {
      const stage = await setStageWithoutBackend({
        provider: {
          path: '/**/catalog-info.yaml',
          removals: { maxPercentage: 100, maxConfirmedPercentage: 100 },
        },
      });
      const replica = Replica.load({ heapMb: HEAP_MB });
      try {
        return await new MonorepoRun(declared, stage, replica).run(scale);
      } finally {
        await replica.kill();
        await stage.clear();
      }
    },
  };
}

/** What happens meanwhile in repositories that are calm, beside the hostile one and elsewhere. */
const CALM: Edit = inOrder(
  withComponents(['contoso-5', 'fabrikam-5'], 2),
  without('contoso', [6]),
);

class MonorepoRun {
  private readonly lost = new Set<string>();
  private readonly failures: string[] = [];
  private undisturbed = true;

  constructor(
    private readonly declared: Monorepo,
    private readonly stage: Stage,
    private readonly replica: Replica,
  ) {}

  async run(scale: Scale): Promise<RowOutcome> {
    const { stage, replica, declared, failures } = this;
    await replica.start(stage.catalogOptions());
    this.noteError(await replica.refresh(), undefined);
    const files = declared.files(scale);
    stage.world.repository('contoso', NUMBER).push({ files });
    happenCalmly(stage);
    await replica.measure();
    stage.simulator.requests.reset();
    const report = await replica.refresh();
    this.noteError(report, declared.failsWith);
    await this.lookAtCalm();
    failures.push(
      ...(declared.check?.(stage, Object.keys(files).length) ?? []),
    );
    for (let refresh = 1; scale === FULL && refresh < REFRESHES; refresh++) {
      this.noteError(await replica.refresh(), declared.failsWith);
    }
    const strain = await replica.endMeasuring();
    failures.push(...excessOf(strain));
    const refreshesUntilWhole = await this.becomeWhole(Object.keys(files));
    const after = await stage.snapshot();
    return {
      lost: [...this.lost],
      wronglyKept: [
        ...compare(after, CALM(firstPicture())).surplus,
        ...after.errors,
      ],
      othersUndisturbed: this.undisturbed,
      refreshesUntilWhole,
      reported: `${describeStrain(strain)}; ${report.error?.split('\n- ')[1] ?? 'no error'}`,
      failures,
    };
  }

  private noteError({ error }: Refreshed, expected: RegExp | undefined): void {
    if (expected ? !expected.test(error ?? '') : error !== undefined) {
      this.failures.push(`expected ${expected ?? 'no error'}, got: ${error}`);
    }
  }

  /** Everything is there that was there or has come in calm repositories, and nothing is that has gone from them. */
  private async lookAtCalm(): Promise<void> {
    const snapshot = await this.stage.snapshot();
    const expected = CALM(firstPicture());
    const { missing, stale, surplus } = compare(snapshot, expected);
    missing.forEach(reference => this.lost.add(reference));
    const left = surplus.filter(reference => !reference.includes('/hostile-'));
    if (stale.length + left.length > 0) {
      this.undisturbed = false;
      this.failures.push(describeDifference({ missing, stale, surplus: left }));
    }
  }

  /** The files are taken away. @returns after how many refreshes all is as it was */
  private async becomeWhole(
    paths: readonly string[],
  ): Promise<number | undefined> {
    const { stage, replica } = this;
    stage.world.repository('contoso', NUMBER).push({
      files: Object.fromEntries(paths.map(path => [path, null])),
    });
    for (let refreshes = 1; refreshes <= 2; refreshes++) {
      const { error } = await replica.refresh();
      const snapshot: CatalogSnapshot = await stage.snapshot();
      const { missing, stale, surplus } = compare(
        snapshot,
        CALM(firstPicture()),
      );
      const wrong = [...missing, ...stale, ...surplus, ...snapshot.errors];
      if (error === undefined && wrong.length === 0) {
        return refreshes;
      }
    }
    return undefined;
  }
}

function happenCalmly({ world }: Stage): void {
  for (const name of ['contoso', 'fabrikam'] as const) {
    world.repository(name, 5).push({
      files: { [DESCRIPTOR]: component(`${name}-5`, 2) },
    });
  }
  world.repository('contoso', 6).push({ files: { [DESCRIPTOR]: null } });
}

function excessOf({ memoryBytes, blockMs }: Strain): string[] {
  return [
    ...(memoryBytes > MOST.memoryBytes
      ? [`${Math.round(memoryBytes / MEBIBYTE)} MiB above idle`]
      : []),
    ...(blockMs > MOST.blockMs
      ? [`blocked for ${Math.round(blockMs)} ms`]
      : []),
  ];
}

function describeStrain({ memoryBytes, blockMs }: Strain): string {
  return `${Math.round(memoryBytes / MEBIBYTE)} MiB above idle, longest block ${Math.round(blockMs)} ms`;
}

function path(index: number): string {
  return `/hostile/${String(index).padStart(5, '0')}/catalog-info.yaml`;
}

function filesOf(
  count: number,
  content: (index: number) => FileContent,
): Record<string, FileContent> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [path(index), content(index)]),
  );
}

/** Lines of a block of text, so many bytes. */
function textOf(bytes: number): string {
  return `      ${'x'.repeat(93)}\n`.repeat(Math.ceil(bytes / 100));
}

/** A component whose definition is so many bytes. */
function large(index: number, bytes: number): string {
  return `${component(`hostile-${index}`)}  definition: |\n${textOf(bytes)}`;
}

/** An anchor that is used three times. */
function anchored(bytes: number): string {
  return [
    component('hostile-all'),
    '  first: &text |\n',
    textOf(bytes),
    '  second: *text\n',
    '  third: *text\n',
    '  fourth: *text\n',
  ].join('');
}

const EXPECTED =
  'The backend lives, within 300 MiB and 1 s; the repository is rejected with what and how much; everything else goes on.';

const TOO_MUCH =
  /contoso: .*repository-003 is rejected from there on: .* it gives \d+ MiB of entities, and a repository may give 128 MiB/;

/** A schedule that never begins a refresh by itself, and ends each after so many seconds. */
function endingAfter(seconds: number): JsonObject {
  return {
    frequency: { hours: 24 },
    initialDelay: { hours: 24 },
    timeout: { seconds },
    scope: 'local',
  };
}

/** What the slow monorepo gives. */
const SLOW = Array.from({ length: 1_600 }, (_, index) => `contoso-h${index}`);

/** Group 8: one repository, one answer or one row is hostile. */
export const HOSTILE_ROWS: readonly Row[] = [
  monorepo({
    name: 'a repository with 2,000 files of 900 KB that spell out to four times that',
    injected:
      '2,000 descriptors of one blob of 900 KB with an anchor that is used three times, with a heap of 1,500 MB',
    expected: EXPECTED,
    files: () => {
      const content = anchored(900_000);
      return filesOf(2_000, () => content);
    },
    failsWith:
      /contoso: .*repository-003 is rejected from there on: .*file \d+ of \d+, it gives \d+ MiB of entities, and a repository may give 128 MiB/,
  }),
  monorepo({
    name: 'a repository with 200 files of 4 MB',
    injected:
      '200 descriptors of 4 MB (40 in a short run), with a heap of 1,500 MB',
    expected: EXPECTED,
    files: scale =>
      filesOf(scale === FULL ? 200 : 40, index => large(index, 4_000_000)),
    failsWith: TOO_MUCH,
  }),
  monorepo({
    name: 'a repository with 700 files of 1 MB',
    injected:
      '700 descriptors of 1 MB (150 in a short run), with a heap of 1,500 MB',
    expected: EXPECTED,
    files: scale =>
      filesOf(scale === FULL ? 700 : 150, index => large(index, 1_000_000)),
    failsWith: TOO_MUCH,
  }),
  monorepo({
    name: 'a repository with 20,000 good files',
    injected:
      '20,000 descriptors under one glob (3,000 in a short run), with a heap of 1,500 MB',
    expected:
      'All of them are in the catalog, in a request for some 200 files, within 300 MiB and 1 s.',
    files: scale =>
      filesOf(scale === FULL ? 20_000 : 3_000, index =>
        component(`hostile-${index}`),
      ),
    check(stage, paths) {
      const { requests } = stage.simulator;
      const asked = requests.count({
        organization: 'contoso',
        endpoint: 'blobs',
      });
      return asked > paths / 100
        ? [`${asked} requests for ${paths} files`]
        : [];
    },
  }),
  outage({
    group: 8,
    name: 'three answers that never end, in each refresh',
    injected:
      'one file hangs, one drips, one stops in the middle, for longer than the 32 s of the schedule; meanwhile a file of the organization goes, and an entity is deleted by hand',
    expected:
      'Each request is given up in time; what is known is removed and reconciled in the same refresh; the error names the repositories.',
    settings: () => ({ provider: { schedule: endingAfter(32) } }),
    during: [
      {
        async begin(stage) {
          for (const [repository, fault] of [
            ['repository-011', 'hang'],
            ['repository-012', 'drip'],
            ['repository-013', 'hang-mid-body'],
          ] as const) {
            stage.simulator.inject({
              match: { organization: 'contoso', endpoint: 'items', repository },
              fault,
            });
          }
          stage.world
            .repository('contoso', 6)
            .push({ files: { [DESCRIPTOR]: null } });
          await deleteByHand(stage, 'component:default/tailspin-9');
        },
        holds: without('contoso', [6]),
        failsWith:
          /(?=.*repository-011)(?=.*repository-012).*repository-013.*no complete answer within 8 s/s,
      },
    ],
    end: stage => stage.simulator.faults.removeAll(),
    endsWith: without('contoso', [6]),
    mayBeReplaced: ['component:default/tailspin-9'],
  }),
  outage({
    group: 8,
    name: 'a monorepo that takes longer than a refresh may',
    injected:
      '1,600 descriptors, of which all but the first 600 take longer than the 48 s of the schedule; meanwhile a file elsewhere goes',
    expected:
      'The refresh keeps what it read and the next goes on behind it; the file elsewhere is gone with the first.',
    settings: () => ({
      provider: {
        path: '/**/catalog-info.yaml',
        schedule: endingAfter(48),
      },
    }),
    during: [
      {
        async begin(stage) {
          stage.simulator.inject({
            match: { organization: 'contoso', endpoint: 'blobs' },
            skip: 3,
            fault: 'hang',
          });
          stage.world.repository('contoso', NUMBER).push({
            files: filesOf(SLOW.length, index => component(SLOW[index] ?? '')),
          });
          stage.world
            .repository('contoso', 6)
            .push({ files: { [DESCRIPTOR]: null } });
          await readsAPart(stage);
        },
        refreshes: 0,
      },
    ],
    end: stage => stage.simulator.faults.removeAll(),
    endsWith: inOrder(without('contoso', [6]), withComponents(SLOW, 1)),
  }),
  outage({
    group: 8,
    name: 'a row that the ledger cannot write, and an entity that the catalog does not take',
    injected:
      'a trigger of the database refuses one of 60 new claims, another one of 60 new entities of the catalog',
    expected:
      'Everything else is written and applied; the errors name the file and the entity, until it is mended.',
    during: [
      {
        async begin(stage) {
          await refuse(
            stage,
            'azure_devops_claims',
            'component:default/contoso-5',
          );
          await refuse(stage, 'refresh_state', 'component:default/contoso-20');
          for (const number of [3, 4, 5, 7, 8, 9]) {
            stage.world.repository('contoso', number).push({
              files: { [DESCRIPTOR]: component(`contoso-${number}`, 2) },
            });
          }
          stage.world
            .repository('contoso', 20)
            .push({ files: { [DESCRIPTOR]: component('contoso-20', 2) } });
        },
        refreshes: 2,
        holds: withComponents(
          [3, 4, 7, 8, 9].map(number => `contoso-${number}`),
          2,
        ),
        failsWith:
          /(?=.*repository-005 has: the database did not take what \/catalog-info.yaml gives: .*refused)(?=.*the catalog did not take component:default\/contoso-20: .*refused)/s,
      },
    ],
    end: async stage => {
      await stage.knex.raw('drop function refused() cascade');
    },
    endsWith: withComponents(
      [3, 4, 5, 7, 8, 9, 20].map(number => `contoso-${number}`),
      2,
    ),
  }),
];

/** The first refresh reads a part of the monorepo, says so, and does everything else. */
async function readsAPart(stage: Stage): Promise<void> {
  const { error = '' } = await stage.refresh();
  const { entities } = await stage.snapshot();
  const read = SLOW.filter(name => entities.has(`component:default/${name}`));
  const isGone = !entities.has('component:default/contoso-6');
  const isNamed =
    /repository-003 has: the refresh had read for 36 s, of the 48 s/.test(
      error,
    );
  if (read.length === 0 || read.length === SLOW.length || !isGone || !isNamed) {
    throw new Error(
      `${read.length} of ${SLOW.length} are there; the file elsewhere is ${isGone ? '' : 'not '}gone: ${error}`,
    );
  }
}

async function deleteByHand(stage: Stage, reference: string): Promise<void> {
  await stage
    .knex('refresh_state_references')
    .where({ target_entity_ref: reference })
    .delete();
  await stage.knex('refresh_state').where({ entity_ref: reference }).delete();
}

/** Has the database refuse rows of a table that are about an entity. */
async function refuse(
  { knex }: Stage,
  table: string,
  reference: string,
): Promise<void> {
  await knex.raw(
    `create or replace function refused() returns trigger language plpgsql as
     $$ begin raise exception 'refused'; end $$`,
  );
  await knex.raw(
    `create trigger refused before insert or update on "${table}" for each row
     when (new.entity_ref = '${reference}') execute function refused()`,
  );
}
