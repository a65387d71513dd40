import fc from 'fast-check';
import { readDescriptorPath } from '../../../src/config/patterns';
import {
  groupProjects,
  searchFiles,
  searchTexts,
} from '../../../src/ingestion/code-search';

describe('the groups that projects are searched in', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 3_000 }), {
    maxLength: 200,
  });

  it('hold every project once, in order, and no more descriptors than one request shows', () => {
    fc.assert(
      fc.property(sizes, given => {
        const projects = given.map((descriptors, i) => ({
          name: `p${i}`,
          descriptors,
        }));
        const groups = groupProjects(projects);
        expect(groups.flat()).toEqual(projects);
        for (const group of groups) {
          const sum = group.reduce((total, it) => total + it.descriptors, 0);
          expect(group.length).toBeLessThanOrEqual(50);
          expect(sum <= 1_000 || group.length === 1).toBe(true);
        }
      }),
    );
  });

  it('are few: ten for forty projects with 250 descriptors each, and one for a small organization', () => {
    const projects = (count: number, descriptors: number) =>
      Array.from({ length: count }, (_, i) => ({ name: `p${i}`, descriptors }));
    expect(groupProjects(projects(40, 250))).toHaveLength(10);
    expect(groupProjects(projects(50, 20))).toHaveLength(1);
    expect(groupProjects([])).toEqual([]);
  });
});

describe('the searches of one refresh', () => {
  // A hundred thousand files are more than a simulator can be asked to hold.
  const endless = () => {
    const asked: Array<readonly string[] | undefined> = [];
    const client = {
      async searchFiles({ projects }: { projects?: readonly string[] }) {
        asked.push(projects);
        return {
          total: 5_000,
          files: [],
          complete: false,
          indexing: false,
          requests: 2,
        };
      },
    };
    return { asked, client };
  };
  const search = async (projects: number, descriptors: number) => {
    const { asked, client } = endless();
    const names = Array.from({ length: projects }, (_, i) => `p${i}`);
    const { requests } = await searchFiles(client, {
      texts: ['path:/catalog-info.yaml'],
      projects: names.map(name => ({ name, descriptors })),
      everyProject: true,
    });
    expect(requests).toBe(2 * asked.length);
    return { asked, names };
  };

  it('narrow down to single projects where results are cut, and no further', async () => {
    const { asked, names } = await search(7, 1);
    expect(asked).toHaveLength(13);
    expect(asked[0]).toBeUndefined();
    const single = asked.filter(projects => projects?.length === 1).flat();
    expect(single.sort()).toEqual(names);
  });

  it('are a hundred at most', async () => {
    expect((await search(400, 1)).asked).toHaveLength(100);
    expect((await search(400, 1_000)).asked).toHaveLength(100);
  });
});

describe('the text that Code Search is asked for', () => {
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
  ])('for the path %s is %j', (path, texts) => {
    const reading = readDescriptorPath(path);
    if (reading.expected !== undefined) throw new Error(reading.expected);
    expect(reading.paths.flatMap(searchTexts)).toEqual(texts);
  });
});
