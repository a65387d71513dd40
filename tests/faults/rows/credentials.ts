import type { FaultKind } from '../../../dev/simulator';
import { outage, type Phase } from '../stage/outage';
import { without } from '../stage/picture';
import type { Row } from '../stage/row';
import type { Stage } from '../stage/stage';
import { identityOf, numbersOf, tokenOf } from '../stage/world';

const IDENTITY = identityOf('contoso');

/** A fault that strikes first all that is asked of the organization, then only the files. */
export function everywhereThenOnFiles(
  fault: FaultKind,
  tells: RegExp,
): readonly Phase[] {
  const strike = (match: object) => (stage: Stage) => {
    stage.simulator.faults.removeAll();
    stage.simulator.inject({
      match: { organization: 'contoso', ...match },
      fault,
    });
  };
  return [
    { begin: strike({}), tells },
    { begin: strike({ endpoint: 'items' }), tells },
  ];
}

export function endAllFaults(stage: Stage): void {
  stage.simulator.faults.removeAll();
}

function refusal(
  fault: FaultKind,
  name: string,
  injected: string,
  tells: RegExp,
): Row {
  return outage({
    group: 1,
    name,
    injected: `${injected}; then on the files alone`,
    expected:
      'All unknown: nothing goes, and the operator is told which organization and why.',
    during: everywhereThenOnFiles(fault, tells),
    end: endAllFaults,
  });
}

/** Group 1: the credential is refused, or sees less than before. */
export const CREDENTIAL_ROWS: readonly Row[] = [
  refusal('unauthorized', '401', '401 on everything', /contoso.*401/s),
  refusal(
    'sign-in-203',
    '203 HTML',
    'the sign-in page, as 203, on everything',
    /contoso.*sign-in/s,
  ),
  refusal(
    'sign-in-302',
    '302 to sign-in',
    'a redirect to the sign-in page on everything',
    /contoso.*sign-in/s,
  ),
  refusal(
    'sign-in-200',
    '200 HTML',
    'the sign-in page, as 200, on everything',
    /contoso.*sign-in/s,
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
      'Missing is not deleted: they stay, also when the guard is asked after three complete lists.',
    during: [
      { begin: revoke('Payments'), refreshes: 2 },
      { refreshes: 3, tells: /held back the removal of 60 of 100 entities/ },
    ],
    end: grantAgain,
  }),
  outage({
    group: 1,
    name: 'permission on a small project revoked for a while',
    injected:
      'the list shrinks by 15 of 100 repositories, 200, for 2 refreshes',
    expected: 'They stay: two complete lists in a row are not three.',
    during: [{ begin: revoke('R&D'), refreshes: 2 }],
    end: grantAgain,
  }),
  outage({
    group: 1,
    name: 'permission on a small project revoked for good',
    injected:
      'the list shrinks by 15 of 100 repositories, 200, for 3 refreshes',
    expected:
      'They stay for two refreshes and go with the third; they return when the list has them again.',
    during: [
      { begin: revoke('R&D'), refreshes: 2 },
      { holds: without('contoso', numbersOf('R&D')) },
    ],
    end: grantAgain,
  }),
  outage({
    group: 1,
    name: 'permission on all projects revoked',
    injected: 'an empty list, 200, for 4 refreshes',
    expected: 'They stay; after three lists the guard holds them.',
    during: [
      {
        begin: stage =>
          stage.world.organization('contoso').revoke(IDENTITY, {
            projects: ['Payments', 'Field Service', 'R&D'],
          }),
        refreshes: 2,
      },
      { refreshes: 2, tells: /held back the removal of 100 of 100 entities/ },
    ],
    end: grantAgain,
  }),
  outage({
    group: 1,
    name: '404 on the files of repositories that are listed',
    injected:
      'TF401019 (no such repository, or no permission) on the files of 25 repositories',
    expected: 'TF401019 is no evidence: they stay, and the operator is told.',
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
        tells: /contoso.*TF401019/s,
      },
    ],
    end: endAllFaults,
  }),
  outage({
    group: 1,
    name: 'identity removed from the organization',
    injected: 'TF400813 for every request of the identity',
    expected: 'Nothing goes; the operator is told.',
    during: [
      {
        begin: stage => stage.world.organization('contoso').revoke(IDENTITY),
        refreshes: 4,
        tells: /contoso.*TF400813/s,
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
        tells: /contoso.*401/s,
      },
      { refreshes: 2, tells: /contoso.*401/s },
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

function grantAgain(stage: Stage): void {
  stage.world.organization('contoso').grant(IDENTITY);
}
