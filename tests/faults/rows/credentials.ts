import type { FaultKind, FaultMatch } from '../../../dev/simulator';
import { outage, type Phase } from '../stage/outage';
import { inOrder, withComponents, without } from '../stage/picture';
import type { Row } from '../stage/row';
import type { Stage } from '../stage/stage';
import {
  component,
  DESCRIPTOR,
  identityOf,
  numbersOf,
  repositoryName,
  tokenOf,
} from '../stage/world';

const IDENTITY = identityOf('contoso');

/** What changes beside what the guard holds. */
const theRest = inOrder(
  without('contoso', [61]),
  withComponents(['contoso-62'], 2),
);

/** Three of the fifteen repositories of a project, each with one entity. */
const SOME = [91, 92, 93];

/** A fault that strikes first all that is asked of the organization, then only the files. */
export function everywhereThenOnFiles(
  fault: FaultKind,
  failsWith: RegExp,
): readonly Phase[] {
  return oneAfterTheOther(fault, failsWith, [{}, { endpoint: 'items' }]);
}

/** A fault that strikes some requests of the organization, then others. */
export function oneAfterTheOther(
  fault: FaultKind,
  failsWith: RegExp,
  matches: readonly FaultMatch[],
): readonly Phase[] {
  return matches.map(match => ({
    begin({ simulator }) {
      simulator.faults.removeAll();
      simulator.inject({ match: { organization: 'contoso', ...match }, fault });
    },
    failsWith,
  }));
}

export function endAllFaults(stage: Stage): void {
  stage.simulator.faults.removeAll();
}

function refusal(
  fault: FaultKind,
  name: string,
  injected: string,
  failsWith: RegExp,
): Row {
  return outage({
    group: 1,
    name,
    injected: `${injected}; then on the files alone`,
    expected:
      'All unknown: nothing goes, and the error names the organization and the cause.',
    during: everywhereThenOnFiles(fault, failsWith),
    end: endAllFaults,
  });
}

/** Group 1: the credential is denied, or sees less than before. */
export const CREDENTIAL_ROWS: readonly Row[] = [
  refusal('unauthorized', '401', '401 on everything', /contoso.*401/s),
  refusal(
    'sign-in-203',
    '203 HTML',
    'the sign-in page, as 203, on everything',
    /contoso.*(sign[- ]in|does not know)/is,
  ),
  refusal(
    'sign-in-302',
    '302 to sign-in',
    'a redirect to the sign-in page on everything',
    /contoso.*(sign[- ]in|does not know)/is,
  ),
  refusal(
    'sign-in-200',
    '200 HTML',
    'the sign-in page, as 200, on everything',
    /contoso.*(sign[- ]in|does not know)/is,
  ),
  refusal('forbidden', '403', '403 on everything', /contoso.*(403|TF400813)/s),
  refusal(
    'organization-not-found',
    '404 on the organization',
    'the 404 page of an organization that is not there, on everything',
    /contoso.*(404|no organization)/s,
  ),
  outage({
    group: 1,
    name: 'permission on a large project revoked',
    injected:
      'the list shrinks by 60 of 100 repositories, 200, for 5 refreshes',
    expected:
      'Nothing of the project is in sight, which is unknown: they stay, and the error names the permission to look at.',
    during: [
      {
        begin: revoke('Payments'),
        refreshes: 5,
        failsWith: /nothing of project 'Payments'.*60 entities.*Readers/s,
      },
    ],
    end: grantAgain,
  }),
  outage({
    group: 1,
    name: 'permission on some repositories revoked for a while',
    injected:
      'the list lacks 3 of the 15 repositories of a project, 200, for 2 refreshes',
    expected: 'They stay: two lists in a row are not three.',
    during: [{ begin: revokeSome, refreshes: 2 }],
    end: grantAgain,
  }),
  outage({
    group: 1,
    name: 'permission on some repositories revoked for good',
    injected:
      'the list lacks 3 of the 15 repositories of a project, 200, for 3 refreshes',
    expected:
      'They stay for two refreshes and go with the third; they return when the list has them again.',
    during: [
      { begin: revokeSome, refreshes: 2 },
      { holds: without('contoso', SOME) },
    ],
    end: grantAgain,
  }),
  outage({
    group: 1,
    name: 'permission on most of a large project revoked',
    injected:
      'the list lacks 50 of the 60 repositories of a project, 200, for 4 refreshes; a file elsewhere deleted and one changed meanwhile',
    expected:
      'After three lists in a row the guard holds the removals and lets the rest through.',
    during: [
      {
        begin: stage =>
          stage.world.organization('contoso').revoke(IDENTITY, {
            repositories: numbersOf('Payments')
              .slice(0, 50)
              .map(number => `Payments/${repositoryName(number)}`),
          }),
        refreshes: 2,
      },
      {
        begin(stage) {
          stage.world
            .repository('contoso', 61)
            .push({ files: { [DESCRIPTOR]: null } });
          stage.world
            .repository('contoso', 62)
            .push({ files: { [DESCRIPTOR]: component('contoso-62', 2) } });
        },
        refreshes: 2,
        holds: theRest,
        failsWith:
          /held back the removal of \d+ of 99 entities.*3 lists in a row/s,
      },
    ],
    end: grantAgain,
    endsWith: theRest,
  }),
  outage({
    group: 1,
    name: 'permission on a repository revoked, given while its project is made, and revoked again',
    injected:
      'two lists lack it, one has it in a project that is not ready, two lack it again',
    expected: 'It stays: no three lists in a row have lacked it.',
    during: [
      { begin: revokeSome, refreshes: 2 },
      {
        begin(stage) {
          grantAgain(stage);
          stage.world.project('contoso', 'R&D').setState('createPending');
        },
      },
      {
        begin(stage) {
          stage.world.project('contoso', 'R&D').setState('wellFormed');
          revokeSome(stage);
        },
        refreshes: 2,
      },
    ],
    end: grantAgain,
  }),
  outage({
    group: 1,
    name: 'permission on a small project revoked for good',
    injected:
      'the list shrinks by 15 of 100 repositories, 200, for 4 refreshes',
    expected:
      'Nothing of the project is in sight, which is unknown, however small it is: they stay, and the error names it.',
    during: [
      {
        begin: revoke('R&D'),
        refreshes: 4,
        failsWith: /nothing of project 'R&D'.*15 entities.*Readers/s,
      },
    ],
    end: grantAgain,
  }),
  outage({
    group: 1,
    name: 'permission on all projects revoked',
    injected: 'an empty list, 200, for 4 refreshes',
    expected:
      'Nothing of the organization is in sight, which is unknown: they stay, and the error names it.',
    during: [
      {
        begin: stage =>
          stage.world.organization('contoso').revoke(IDENTITY, {
            projects: ['Payments', 'Field Service', 'R&D'],
          }),
        refreshes: 4,
        failsWith: /nothing of the organization.*100 entities.*Readers/s,
      },
    ],
    end: grantAgain,
  }),
  outage({
    group: 1,
    name: '404 on the files of repositories that are listed',
    injected:
      'TF401019 (no such repository, or no permission) on the files of 25 repositories',
    expected: 'TF401019 is no evidence: they stay, and the error quotes it.',
    during: [
      {
        begin: stage =>
          void stage.simulator.inject({
            match: {
              organization: 'contoso',
              project: 'Field Service',
              endpoint: 'items',
            },
            response: {
              status: 404,
              headers: { 'Content-Type': 'application/json; charset=utf-8' },
              body: JSON.stringify({
                $id: '1',
                message:
                  'TF401019: The Git repository with name or identifier X does not exist or you do not have permissions for the operation you are attempting.',
                typeKey: 'GitRepositoryNotFoundException',
                errorCode: 0,
                eventId: 3000,
              }),
            },
          }),
        failsWith: /contoso.*TF401019/s,
      },
    ],
    end: endAllFaults,
  }),
  outage({
    group: 1,
    name: 'one repository that can never be read',
    injected:
      '403 on the files of one repository; the list lacks 3 others for 3 refreshes',
    expected:
      'It stays, and the error names it and what to do; the others go with the third list all the same.',
    during: [
      {
        begin(stage) {
          stage.simulator.inject({
            match: {
              organization: 'contoso',
              endpoint: 'items',
              repository: [repositoryName(5)],
            },
            fault: 'forbidden',
          });
          revokeSome(stage);
        },
        refreshes: 2,
        failsWith: /Payments\/repository-005.*listed but cannot be read/s,
      },
      {
        holds: without('contoso', SOME),
        failsWith: /Payments\/repository-005.*listed but cannot be read/s,
      },
    ],
    end(stage) {
      endAllFaults(stage);
      grantAgain(stage);
    },
  }),
  outage({
    group: 1,
    name: 'identity removed from the organization',
    injected: 'TF400813 for every request of the identity',
    expected: 'Nothing goes; the error names the cause.',
    during: [
      {
        begin: stage => stage.world.organization('contoso').revoke(IDENTITY),
        refreshes: 4,
        failsWith: /contoso.*TF400813/s,
      },
    ],
    end: grantAgain,
  }),
  outage({
    group: 1,
    name: 'token expired mid-pass',
    injected: 'the token expires with the 41st file that is read',
    expected:
      'What was read counts; the rest is unknown and stays. The next refresh finds the rest.',
    during: [
      {
        begin(stage) {
          const token = stage.simulator.personalAccessToken(tokenOf('contoso'));
          stage.simulator.inject({
            match: { organization: 'contoso', endpoint: 'items' },
            skip: 40,
            times: 1,
            response: async (_request, proceed) => {
              token.state = 'expired';
              return await proceed();
            },
          });
        },
        failsWith: /contoso.*401/s,
      },
      { refreshes: 2, failsWith: /contoso.*401/s },
    ],
    end(stage) {
      stage.simulator.personalAccessToken(tokenOf('contoso')).state = 'valid';
    },
  }),
];

function revoke(project: 'Payments' | 'R&D') {
  return (stage: Stage) =>
    stage.world
      .organization('contoso')
      .revoke(IDENTITY, { projects: [project] });
}

function revokeSome(stage: Stage): void {
  stage.world.organization('contoso').revoke(IDENTITY, {
    repositories: SOME.map(number => `R&D/${repositoryName(number)}`),
  });
}

function grantAgain(stage: Stage): void {
  stage.world.organization('contoso').grant(IDENTITY);
}
