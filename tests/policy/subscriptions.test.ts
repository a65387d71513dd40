import fc from 'fast-check';
import type {
  Subscription,
  SubscriptionStatus,
} from '../../src/azure/subscriptions';
import { markedUrl, planSubscriptions } from '../../src/policy/subscriptions';

const BASE = 'https://backstage.contoso.example/api/events/http/azureDevOps';
const URL_OF_OURS = markedUrl(BASE, 'azure-devops-catalog', '3f9a2c10');
const PROJECT = '6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c';
const wanted = {
  url: URL_OF_OURS,
  username: 'azure-devops',
  events: ['git.push', 'git.repo.deleted'],
};

function subscription(over: Partial<Subscription> = {}): Subscription {
  return {
    id: 'a',
    status: 'enabled',
    eventType: 'git.push',
    projectId: PROJECT,
    narrowedBy: [],
    url: URL_OF_OURS,
    username: 'azure-devops',
    resourceDetails: 'all',
    createdAt: 1,
    changedBy: 'Jamal Hartnett',
    ...over,
  };
}

/** What is planned for pushes. */
function planned(...existing: Subscription[]) {
  const [push] = planSubscriptions({ projects: [PROJECT], wanted, existing });
  return { state: push?.state, create: push?.create, remove: push?.remove };
}

describe('the plan of subscriptions', () => {
  it.each<[string, Subscription[], ReturnType<typeof planned>]>([
    [
      'makes what is missing',
      [],
      { state: 'missing', create: true, remove: [] },
    ],
    [
      'leaves what is right',
      [subscription()],
      { state: 'right', create: false, remove: [] },
    ],
    [
      'leaves what is on probation',
      [subscription({ status: 'onProbation' })],
      { state: 'on probation', create: false, remove: [] },
    ],
    [
      'replaces what Azure DevOps disabled',
      [subscription({ status: 'disabledBySystem' })],
      { state: 'disabled by Azure DevOps', create: true, remove: ['a'] },
    ],
    [
      'replaces what was disabled with its owner',
      [subscription({ status: 'disabledByInactiveIdentity' })],
      { state: 'disabled by Azure DevOps', create: true, remove: ['a'] },
    ],
    [
      'leaves what a user disabled',
      [subscription({ status: 'disabledByUser' })],
      { state: 'disabled by a user', create: false, remove: [] },
    ],
    [
      'replaces what sends too little',
      [subscription({ resourceDetails: 'minimal' })],
      { state: 'wrong', create: true, remove: ['a'] },
    ],
    [
      'replaces what is limited to one branch',
      [subscription({ narrowedBy: ['branch'] })],
      { state: 'wrong', create: true, remove: ['a'] },
    ],
    [
      'replaces what has another password',
      [
        subscription({
          url: markedUrl(BASE, 'azure-devops-catalog', '00000000'),
        }),
      ],
      { state: 'wrong', create: true, remove: ['a'] },
    ],
    [
      'keeps the oldest of several that are right',
      [
        subscription({ id: 'b', createdAt: 2 }),
        subscription({ id: 'a', createdAt: 1, status: 'onProbation' }),
        subscription({ id: 'c', createdAt: 3 }),
      ],
      { state: 'duplicate', create: false, remove: ['a', 'c'] },
    ],
    [
      'leaves one that was made by hand, and makes none beside it',
      [subscription({ url: BASE })],
      { state: 'made by hand', create: false, remove: [] },
    ],
    [
      'replaces its own that Azure DevOps disabled, beside one by hand',
      [
        subscription({ status: 'disabledBySystem' }),
        subscription({ id: 'b', url: BASE }),
      ],
      { state: 'disabled by Azure DevOps', create: true, remove: ['a'] },
    ],
    [
      'makes its own beside one by hand that is limited to a repository',
      [subscription({ url: BASE, narrowedBy: ['repository'] })],
      { state: 'missing', create: true, remove: [] },
    ],
    [
      'does not mind those that lead elsewhere',
      [subscription({ url: 'https://other.example/hook' })],
      { state: 'missing', create: true, remove: [] },
    ],
    [
      'does not take those of another project for its own',
      [subscription({ projectId: '00000000-0000-0000-0000-000000000001' })],
      { state: 'missing', create: true, remove: [] },
    ],
  ])('%s', (_title, existing, expected) => {
    expect(planned(...existing)).toEqual(expected);
  });

  const any = fc.record({
    id: fc.uuid(),
    status: fc.constantFrom<SubscriptionStatus>(
      'enabled',
      'onProbation',
      'disabledByUser',
      'disabledBySystem',
      'disabledByInactiveIdentity',
    ),
    eventType: fc.constantFrom(
      'git.push',
      'git.repo.deleted',
      'build.complete',
    ),
    projectId: fc.constantFrom(PROJECT, '', 'another'),
    narrowedBy: fc.constantFrom([], ['branch'], ['repository']),
    url: fc.constantFrom(URL_OF_OURS, BASE, 'https://other.example/', 'none'),
    username: fc.constantFrom('azure-devops', ''),
    resourceDetails: fc.constantFrom('all', 'minimal'),
    createdAt: fc.nat(5),
    changedBy: fc.constant(''),
  });

  it('touches only its own, never what a user disabled, and has nothing left to do once it is carried out', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(any, { maxLength: 8, selector: ({ id }) => id }),
        existing => {
          const before = planSubscriptions({
            projects: [PROJECT],
            wanted,
            existing,
          });
          const removed = before.flatMap(({ remove }) => remove);
          for (const it of existing.filter(({ id }) => removed.includes(id))) {
            expect(it.url).toBe(URL_OF_OURS);
            expect(it.status).not.toBe('disabledByUser');
            expect(wanted.events).toContain(it.eventType);
          }
          const after = [
            ...existing.filter(({ id }) => !removed.includes(id)),
            ...before
              .filter(({ create }) => create)
              .map(({ event }, index) =>
                subscription({
                  id: `new-${index}`,
                  eventType: event,
                  createdAt: 9,
                }),
              ),
          ];
          for (const it of planSubscriptions({
            projects: [PROJECT],
            wanted,
            existing: after,
          })) {
            expect([it.create, it.remove]).toEqual([false, []]);
          }
        },
      ),
    );
  });
});
