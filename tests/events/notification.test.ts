import fc from 'fast-check';
import { readNotification, TOPIC } from '../../src/events/notification';
import { ALL_FORMS, PUSH_FORMS, pushTo } from './payloads';

const SUBJECT = {
  repositoryId: '278d5cd2-584d-4b63-824a-2ba458937249',
  projectId: '6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c',
};

describe('an event of Azure DevOps', () => {
  it.each(ALL_FORMS)(
    '$eventType $form names the repository, or at least its project',
    ({ eventType, payload }) => {
      const notification = readNotification(TOPIC, payload(SUBJECT));
      expect(notification?.event).toBe(eventType);
      expect(notification?.projectId).toBe(SUBJECT.projectId);
      expect([undefined, SUBJECT.repositoryId]).toContain(
        notification?.repositoryId,
      );
    },
  );

  it('names the repository unless its details were left out', () => {
    const anonymous = ALL_FORMS.filter(
      ({ payload }) =>
        readNotification(TOPIC, payload(SUBJECT))?.repositoryId === undefined,
    ).map(({ form }) => form);
    expect(anonymous).toEqual([
      'with minimal details that name the project alone',
      'with no details',
    ]);
  });

  it('names the branches of a push, where all of them are said', () => {
    const said = PUSH_FORMS.map(({ payload }) =>
      readNotification(TOPIC, payload(SUBJECT)),
    ).map(notification => notification?.branches);
    expect(said.filter(branches => branches === undefined)).toHaveLength(3);
    expect(new Set(said.flat())).toEqual(new Set(['main', undefined]));
    expect(readNotification(TOPIC, pushTo('wip/x', SUBJECT))?.branches).toEqual(
      ['wip/x'],
    );
    const branchesOf = (refUpdates: unknown[]) =>
      readNotification(TOPIC, {
        eventType: 'git.push',
        resource: { refUpdates },
      })?.branches;
    expect(
      branchesOf([{ name: 'refs/tags/v1' }, { name: 'refs/heads/main' }]),
    ).toEqual(['main']);
    expect(branchesOf([])).toBeUndefined();
  });

  it('is known by its topic where the payload does not say what it is', () => {
    const { eventType: _, ...payload } = pushTo('main', SUBJECT) as Record<
      string,
      unknown
    >;
    expect(readNotification(`${TOPIC}.git.push`, payload)?.event).toBe(
      'git.push',
    );
    expect(readNotification(TOPIC, payload)).toBeUndefined();
  });

  it('of a kind that concerns no repository is nothing', () => {
    expect(
      readNotification(TOPIC, { eventType: 'workitem.created', resource: {} }),
    ).toBeUndefined();
  });

  it('that is anything at all gives ids or nothing, and never throws', () => {
    const id = /^[0-9a-f-]{36}$/;
    const field = fc.oneof(
      fc.anything({ withNullPrototype: true }),
      fc.constant(SUBJECT.repositoryId),
      fc.record({ id: fc.anything(), project: fc.anything() }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.record({
            eventType: fc.constantFrom(
              'git.push',
              'git.repo.deleted',
              '__proto__',
            ),
            resource: fc.oneof(
              fc.anything(),
              fc.record({
                repository: field,
                repositoryId: field,
                refUpdates: fc.oneof(fc.anything(), fc.array(field)),
                ['__proto__']: field,
              }),
            ),
            resourceContainers: field,
          }),
        ),
        payload => {
          const notification = readNotification(`${TOPIC}.git.push`, payload);
          for (const value of [
            notification?.repositoryId,
            notification?.projectId,
          ]) {
            expect(value === undefined || id.test(value)).toBe(true);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('takes no id from a prototype', () => {
    const payload = JSON.parse(
      `{"eventType": "git.push", "resource": {"__proto__": {"repositoryId": "${SUBJECT.repositoryId}"}}}`,
    ) as unknown;
    expect(readNotification(TOPIC, payload)?.repositoryId).toBeUndefined();
    expect(
      readNotification(TOPIC, {
        eventType: 'git.push',
        resource: Object.create({ repositoryId: SUBJECT.repositoryId }),
      })?.repositoryId,
    ).toBeUndefined();
  });
});
