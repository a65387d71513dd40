import {
  brokenLinkError,
  followLinks,
  linkTarget,
} from '../../src/azure/links';
import type { ListedItem } from '../../src/azure/types';
import { Organization } from '../../src/organization';

/** Folders with two links each to the next one, and in the last what is given. */
function ladder(depth: number, last: readonly ListedItem[]) {
  const rungs = Array.from({ length: depth }, (_, i) => i);
  const items: ListedItem[] = rungs.flatMap(i => [
    { path: `/${i}/a`, objectId: String(i), isSymLink: true },
    { path: `/${i}/b`, objectId: String(i), isSymLink: true },
  ]);
  const texts = new Map(rungs.map(i => [String(i), `../${i + 1}`]));
  let asked = 0;
  return {
    asked: () => asked,
    follow: () =>
      followLinks(
        { listed: '/', items: [...items, ...last] },
        {
          get: objectId => {
            asked += 1;
            return texts.get(objectId);
          },
        },
        path => path.startsWith('/0/'),
      ),
  };
}

describe('Links to folders whose links double at each step', () => {
  it.each<[string, ListedItem[]]>([
    ['a file', [{ path: '/18/x', objectId: 'x' }]],
    ['nothing', []],
  ])(
    'are given up after a bounded number of steps where the last has %s',
    (_name, last) => {
      const { asked, follow } = ladder(18, last);
      const { items } = follow();
      expect(items.some(({ broken }) => broken)).toBe(true);
      expect(asked()).toBeLessThan(250_000);
    },
  );

  it('are followed to the last where they are few', () => {
    const { items } = ladder(4, [{ path: '/4/x', objectId: 'x' }]).follow();
    const seen = items.filter(({ source }) => source === '/4/x');
    expect(seen).toHaveLength(16);
    expect(seen[0]?.path).toBe('/0/a/a/a/a/x');
  });
});

it('what a file or a link is called adds no line to an error, and no page', () => {
  const path = '/a\n2026-11-28 error: nothing is left';
  const target = linkTarget(path, `../../${'x'.repeat(60_000)}\r\nerror`);
  const broken = 'broken' in target ? target.broken : undefined;
  const { message } = brokenLinkError(
    new Organization('dev.azure.com', 'contoso'),
    'repository r',
    broken!,
  );
  expect(message).toContain("it points to '../../xxx");
  expect(message).not.toMatch(/[\r\n]/);
  expect(message.length).toBeLessThan(1_000);
});
