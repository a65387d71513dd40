import {
  apiVersionCheck,
  clockCheck,
  membershipCheck,
  projectsCheck,
  proofCheck,
  rateLimitCheck,
  tokenCheck,
} from '../../src/cli/checks';
import { Organization } from '../../src/organization';

const contoso = new Organization('dev.azure.com', 'contoso');
const server = new Organization('tfs.example.com', 'Main');

it.each([
  [0, 'pass', "agrees with the service's"],
  [-10_000, 'pass', "10 s ahead of the service's"],
  [90_000, 'warn', "90 s behind the service's"],
  [-600_000, 'fail', "10 min ahead of the service's"],
  [undefined, 'warn', 'the service did not tell the time'],
])(
  'doctor says of a clock that the service is %s ms ahead of: %s, %s',
  (ahead, status, message) => {
    const check = clockCheck(ahead);
    expect(check).toMatchObject({ name: 'clock', status, message });
    expect(check.cure !== undefined).toBe(status !== 'pass');
  },
);

it.each([
  [contoso, {}, 'pass', 'not near: Azure DevOps mentions it only when it is'],
  [server, {}, 'pass', 'Azure DevOps Server has none'],
  [
    contoso,
    { limit: 200, remaining: 150 },
    'pass',
    '150 of 200 units left in 5 minutes',
  ],
  [
    contoso,
    { limit: 200, remaining: 20 },
    'warn',
    '20 of 200 units left in 5 minutes',
  ],
  [
    contoso,
    { remaining: 0, pausedUntil: 30_000 },
    'warn',
    'the service is slowing the identity down (30 s)',
  ],
])(
  'doctor says of the rate limit of %j with %j: %s, %s',
  (organization, pacing, status, message) => {
    const check = rateLimitCheck(organization, pacing, 0);
    expect(check).toMatchObject({ name: 'rate limit', status, message });
    expect(check.cure !== undefined).toBe(status !== 'pass');
  },
);

const DAY = 24 * 60 * 60 * 1_000;
it.each([
  [364.5, 'pass', '364 days left'],
  [30, 'pass', '30 days left'],
  [29.9, 'warn', '29 days left'],
  [1.5, 'warn', '1 day left'],
  [0.5, 'warn', '0 days left'],
])(
  'doctor says of a certificate that is valid for %s more days: %s, %s',
  (days, status, left) => {
    const now = Date.parse('2026-11-28T12:00:00Z');
    const validTo = now + days * DAY;
    const subject = 'O=Contoso, CN=backstage';
    const check = proofCheck(
      {
        kind: 'certificate',
        subject,
        thumbprint: 'C0FFEE',
        validFrom: 0,
        validTo,
      },
      contoso,
      now,
    );
    const until = new Date(validTo).toISOString().slice(0, 10);
    expect(check).toMatchObject({
      name: 'certificate',
      status,
      message: `${subject}, thumbprint C0FFEE, valid until ${until} (${left})`,
    });
  },
);

it('doctor has a message for a service that names no identity, project or version', () => {
  expect(membershipCheck({ id: 'an-id' }).message).toBe(
    'known as an identity without a name (an-id)',
  );
  expect(membershipCheck({ id: 'an-id', name: 'b\u001b[2Jot' }).message).toBe(
    'known as b\uFFFD[2Jot (an-id)',
  );
  expect(projectsCheck(1_000).message).toBe('1,000 projects or more visible');
  expect(projectsCheck(0).status).toBe('warn');
  expect(apiVersionCheck(contoso, undefined)).toMatchObject({
    status: 'warn',
    message: 'dev.azure.com/contoso does not say which versions it speaks',
  });
});

it('doctor shows whom a token is for and how long it is valid, and never the token', () => {
  const payload = Buffer.from(
    JSON.stringify({ tid: 'tenant-a', oid: 'object-b', exp: 3_600 }),
  ).toString('base64url');
  const authorization = `Bearer head.${payload}.signature`;
  const { message } = tokenCheck(authorization, 0);
  expect(message).toBe(
    'obtained from tenant tenant-a for object object-b, expires 1970-01-01T01:00:00.000Z (in 60 min)',
  );
  expect(tokenCheck('Bearer opaque', 0).message).toBe('obtained');
  expect(tokenCheck('Basic c2VjcmV0', 0).message).not.toContain('c2VjcmV0');
});
