import { createClientCertificate } from '../../dev/simulator/certificates/client';
import { FederatedIssuer } from '../../dev/simulator/entra/issuers';
import { createDatabase } from '../support/databases';
import { recordingLogger, type LogLine } from '../support/logs';
import { SecretScan } from '../support/secret-scan';
import { keepEveryError } from '../support/every-error';

// The scan that all other tests go through, see tests/support/scan-everything.ts,
// finds what it is meant to find.

const SECRET = 'a/secret+with="quotes"';

function scanned(see: (scan: SecretScan) => void): string[] {
  const scan = new SecretScan();
  scan.register('the secret', SECRET);
  see(scan);
  return scan.leaks().map(({ secret }) => secret);
}

it.each<[string, unknown]>([
  ['as it is', `before ${SECRET} after`],
  ['in a URL', `https://host/?x=${encodeURIComponent(SECRET)}`],
  ['in JSON', JSON.stringify({ value: SECRET })],
  ['in base64', Buffer.from(SECRET).toString('base64')],
  ['in a property', { a: { b: [{ c: SECRET }] } }],
  ['in a property that is not enumerable', hidden(SECRET)],
  ['in the message of an error', new Error(SECRET)],
  ['in the cause of an error', new Error('x', { cause: new Error(SECRET) })],
  ['in a map', new Map([['key', SECRET]])],
])('the scan of the tests finds a registered secret %s', (_where, value) => {
  expect(scanned(scan => scan.saw('test', value))).toEqual(['the secret']);
});

it.each<[string, unknown]>([
  [
    'an Authorization header',
    `Basic ${Buffer.from(':unregistered-token').toString('base64')}`,
  ],
  ['a JSON Web Token', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4eCJ9.'],
  ['a parameter of a token request', 'client_secret=unregistered&x=y'],
  ['a private key', '-----BEGIN PRIVATE KEY-----\\nMIIEvQ\\n'],
  ['a private key', '-----BEGIN ENCRYPTED PRIVATE KEY-----'],
  ['a private key', { pem: '-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ' }],
])('the scan of the tests finds %s that nobody registered', (name, seen) => {
  expect(scanned(scan => scan.saw('test', seen))).toEqual([name]);
});

it('the scan of the tests finds nothing in a text without secrets', () => {
  const harmless = { scheme: 'Basic access', path: '/a/b', n: [1, 2, 3] };
  expect(scanned(scan => scan.saw('test', harmless))).toEqual([]);
});

it('the scan of the tests finds a secret that is printed, until it is closed', () => {
  const found = scanned(scan => {
    const { write } = process.stdout;
    scan.watchOutput();
    process.stdout.write(`${SECRET}\r\u001b[K`);
    scan.close();
    expect(process.stdout.write).toBe(write);
  });
  expect(found).toEqual(['the secret']);
});

it('the scan of the tests finds a secret in any table of a database', async () => {
  const { knex, destroy } = await createDatabase('sqlite');
  try {
    await knex.schema.createTable('things', table => table.text('value'));
    await knex('things').insert({ value: `x${SECRET}x` });
    const scan = new SecretScan();
    scan.register('the secret', SECRET);
    await scan.sawDatabase('the database', knex);
    expect(scan.leaks()).toContainEqual({
      where: 'the database, table things',
      secret: 'the secret',
    });
  } finally {
    await destroy();
  }
});

describe('the scan of the tests finds, in a log line, in an error and in a row,', () => {
  const { certificate, key, pem } = createClientCertificate();
  const base64 = Buffer.from(pem).toString('base64');

  it.each<[string, () => string | Promise<string>, string]>([
    ['a private key', () => key, 'a private key'],
    ['a certificate', () => certificate, 'a certificate'],
    ["a certificate's key", () => pem, 'a private key'],
    ['both in base64', () => base64, 'a PEM in base64'],
    [
      'a federated token',
      async () =>
        await new FederatedIssuer('https://cluster.example/', Date.now).token({
          subject: 'system:serviceaccount:backstage:backstage',
        }),
      'a JSON Web Token',
    ],
  ])('%s', async (_what, make, name) => {
    const secret = await make();
    const logs: LogLine[] = [];
    recordingLogger(logs).info(`got ${secret}`);
    const { knex, destroy } = await createDatabase('sqlite');
    try {
      await knex.schema.createTable('things', table => table.text('value'));
      await knex('things').insert({ value: JSON.stringify({ secret }) });
      const scan = new SecretScan();
      scan.saw('the log', logs);
      scan.saw('an error', new Error('failed', { cause: { secret } }));
      await scan.sawDatabase('the database', knex);
      for (const where of [
        'the log',
        'an error',
        'the database, table things',
      ]) {
        expect(scan.leaks()).toContainEqual({ where, secret: name });
      }
    } finally {
      await destroy();
    }
  });
});

it('the scan of the tests accepts an Authorization header where it belongs, and nowhere else', () => {
  const request = {
    method: 'GET',
    url: 'https://dev.azure.com/contoso/_apis',
    host: 'dev.azure.com',
    endpoint: 'repositories',
    status: 200,
    bytes: 1,
    headers: {
      authorization: `Basic ${Buffer.from(`:${SECRET}`).toString('base64')}`,
    },
    door: 'cloud' as const,
    at: 0,
  };
  expect(scanned(scan => scan.sawRequests([request], () => true))).toEqual([]);
  expect(scanned(scan => scan.sawRequests([request], () => false))).toEqual([
    'the secret',
    'an Authorization header',
  ]);
});

it('the scan of the tests finds a secret in an error that was caught and dropped', () => {
  const realm = { Error, TypeError, RangeError, SyntaxError, AggregateError };
  const { end } = keepEveryError(realm);
  class Failure extends realm.Error {
    details?: object;
  }
  try {
    const failure = new Failure('it failed');
    failure.details = { headers: { secret: SECRET } };
    throw failure;
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect(error).toBeInstanceOf(Error);
  }
  const [seen] = end();
  expect(realm.Error).toBe(Error);
  expect(scanned(scan => scan.saw('test', seen))).toEqual(['the secret']);
});

function hidden(value: string): object {
  return Object.defineProperty({}, 'secret', { value, enumerable: false });
}
