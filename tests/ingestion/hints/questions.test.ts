import fc from 'fast-check';
import { readDescriptorPath } from '../../../src/config/patterns';
import { packProjects } from '../../../src/ingestion/hints/packs';
import { byWorth, hintBudget } from '../../../src/ingestion/hints/questions';
import { searchTexts } from '../../../src/ingestion/hints/search-text';
import type { HintQuestion } from '../../../src/ingestion/hints/types';

describe('the requests that hints may cost', () => {
  it.each([
    [40, 10_000, 40],
    [40, 1_000, 40],
    [4, 10_000, 40],
    [500, 1_000, 40],
    [1, 3, 1],
    [5, 20, 5],
    [20, 20, 8],
    [200, 50_000, 200],
  ])(
    'in %i projects with %i repositories are %i',
    (projects, repositories, budget) => {
      expect(hintBudget({ projects, repositories })).toBe(budget);
    },
  );
});

describe('packs of projects', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 3_000 }), {
    maxLength: 80,
  });

  it('hold every project once, and no more than fits', () => {
    fc.assert(
      fc.property(weights, given => {
        const projects = given.map((weight, id) => ({ id, weight }));
        const packs = packProjects(projects, 1_000, it => it.weight);
        expect(
          packs.flatMap(pack => pack.projects.map(it => it.id)).sort(),
        ).toEqual(projects.map(it => it.id).sort());
        for (const pack of packs) {
          const weight = pack.projects.reduce((sum, it) => sum + it.weight, 0);
          expect(pack.expected).toBe(weight);
          expect(weight <= 1_000 || pack.projects.length === 1).toBe(true);
        }
        // Any two packs that could be one would be.
        const total = given.reduce((sum, it) => sum + it, 0);
        if (given.every(it => it <= 500) && given.length <= 50) {
          expect(packs.length).toBeLessThanOrEqual(
            2 * Math.ceil(total / 1_000),
          );
        }
      }),
    );
  });

  it('of forty projects with 250 files each are ten', () => {
    const projects = Array.from({ length: 40 }, (_, i) => i);
    expect(packProjects(projects, 1_000, () => 250)).toHaveLength(10);
  });
});

describe('the order of questions', () => {
  const question = (
    source: HintQuestion['source'],
    repositories: number,
    changes: Partial<HintQuestion> = {},
  ): HintQuestion => ({
    source,
    projects: ['p'],
    repositories,
    cost: 1,
    ...changes,
  });
  const order = (
    questions: HintQuestion[],
    askedAt: (question: HintQuestion) => number | undefined = () => undefined,
  ) =>
    byWorth(questions, {
      urgent: ({ projects }) => projects.includes('urgent'),
      askedAt,
      now: 1_000,
    });

  it('has those first that tell of most repositories for their cost', () => {
    const activity = question('activityMetrics', 250);
    const search = question('codeSearch', 1_000);
    const dear = question('codeSearch', 400, { cost: 2 });
    expect(order([dear, activity, search])).toEqual([search, activity, dear]);
  });

  it('has everything come to its turn', () => {
    const large = question('codeSearch', 1_000, { projects: ['large'] });
    const small = question('activityMetrics', 10, { projects: ['small'] });
    const asked = new Map<HintQuestion, number>();
    const turns = Array.from({ length: 200 }, (_, i) => {
      const [first] = byWorth([large, small], {
        urgent: () => false,
        askedAt: it => asked.get(it) ?? 0,
        now: i + 1,
      });
      if (first) asked.set(first, i + 1);
      return first;
    });
    expect(turns.filter(it => it === small).length).toBeGreaterThan(0);
    expect(turns.filter(it => it === large).length).toBeGreaterThan(150);
  });

  it('has those first that are urgent, and leaves out those that tell of nothing', () => {
    const urgent = question('activityMetrics', 1, { projects: ['urgent'] });
    const search = question('codeSearch', 1_000);
    const forks = question('codeSearch', 0);
    expect(order([forks, search, urgent])).toEqual([urgent, search]);
  });
});

describe('what Code Search is asked for', () => {
  it.each([
    ['/catalog-info.yaml', ['path:/catalog-info.yaml']],
    ['/my docs/catalog-info.yaml', ['path:"/my docs/catalog-info.yaml"']],
    ['/**/catalog-info.yaml', ['file:catalog-info.yaml']],
    [
      '/**/catalog-info.{yaml,yml}',
      ['file:catalog-info.yaml', 'file:catalog-info.yml'],
    ],
    ['/src/*/catalog-*.yaml', ['file:catalog-*.yaml']],
    ['/{a/**/x.yaml,**/y.yaml}', ['file:x.yaml', 'file:y.yaml']],
    ['/**/*.yaml', []],
    ['/**/?atalog-info.yaml', []],
    ['/**/catalog-[ab].yaml', []],
    ['/**/{catalog-info,*-info}.yaml', []],
    ['/say "hello".yaml', []],
  ])('for %s is %j', (path, texts) => {
    const reading = readDescriptorPath(path);
    if (reading.expected !== undefined) throw new Error(reading.expected);
    expect(reading.paths.flatMap(searchTexts)).toEqual(texts);
  });
});
