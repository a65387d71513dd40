import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigReader } from '@backstage/config';
import { InputError } from '@backstage/errors';
import { BackendClient } from '../../src/cli/backend-client';

let server: Server;
let answer: RequestListener;
let address: string;

beforeAll(async () => {
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const client = (token?: string, backend?: string) =>
  BackendClient.open(
    new ConfigReader({ backend: { baseUrl: `${address}/` } }),
    backend,
    { BACKSTAGE_TOKEN: token },
  );

/** What a question fails with where the backend answers so. */
async function failure(
  status: number,
  body = '{}',
  token?: string,
  headers: Record<string, string> = {},
): Promise<string> {
  answer = (_request, response) =>
    response.writeHead(status, headers).end(body);
  const error = await client(token)
    .get('/api/catalog/x')
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Error);
  return (error as Error).message.replaceAll(address, 'BACKEND');
}

describe('A command that asks a running backend', () => {
  it('sends the token of BACKSTAGE_TOKEN, and takes the address of the configuration', async () => {
    const seen: unknown[] = [];
    answer = ({ url, headers }, response) => {
      seen.push([url, headers.authorization]);
      response.end('{"a":1}');
    };
    await client('of-the-environment').get('/api/x', {
      url: 'a b',
      no: undefined,
    });
    await expect(client().get('/api/x')).resolves.toEqual({ a: 1 });
    expect(seen).toEqual([
      ['/api/x?url=a+b', 'Bearer of-the-environment'],
      ['/api/x', undefined],
    ]);
  });

  it.each([
    [
      401,
      undefined,
      /^BACKEND wants a token \(401\)\. What to do: Give one of `backend\.auth\.externalAccess` in BACKSTAGE_TOKEN/,
    ],
    [401, 'a-token', /^BACKEND does not take the token \(401\)/],
    [
      403,
      'a-token',
      /^BACKEND does not let the token do this \(403\): Unauthorized$/,
    ],
    [
      404,
      'a-token',
      /^BACKEND has nothing at \/api\/catalog\/x \(404\)\. What to do: Check that it is the backend's address/,
    ],
    [
      500,
      'a-token',
      /^BACKEND answered 500: Unauthorized\. What to do: Look into the backend's log/,
    ],
  ])(
    'says what %i means with the token %s, and what to do',
    async (status, token, words) => {
      const message = await failure(
        status,
        '{"error":{"name":"NotAllowedError","message":"Unauthorized"}}',
        token,
      );
      expect(message).toMatch(words);
      expect(message).not.toContain('a-token');
    },
  );

  it.each([400, 409, 503])(
    'gives no other advice than what Backstage says beside %i',
    async status => {
      const said =
        '{"error":{"message":"Expected a, got b. What to do: give a"}}';
      expect(await failure(status, said)).toBe(
        `BACKEND answered ${status}: Expected a, got b. What to do: give a`,
      );
      expect(await failure(status, '<html>')).toBe(
        `BACKEND answered ${status}. What to do: Look into the backend's log`,
      );
    },
  );

  it('follows no redirect with the token', async () => {
    expect(
      await failure(302, '', 'a-token', {
        location: 'https://elsewhere.example',
      }),
    ).toMatch(/^BACKEND redirects \(302\), which is not followed/);
  });

  it('says that the web app is not the backend', async () => {
    expect(await failure(200, '<!doctype html>')).toMatch(
      /^BACKEND answered something else than JSON\. What to do: Give the address of the backend/,
    );
  });

  it('says that nothing listens', async () => {
    const closed = createServer();
    await new Promise<void>(resolve => {
      closed.listen(0, '127.0.0.1', resolve);
    });
    const { port } = closed.address() as AddressInfo;
    await new Promise(resolve => {
      closed.close(resolve);
    });
    await expect(
      client(undefined, `http://127.0.0.1:${port}`).get('/api/x'),
    ).rejects.toThrow(
      /could not be reached: .*ECONNREFUSED.*What to do: Start the backend/,
    );
  });

  it('says who broke off in the middle of an answer', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => response.destroy());
    };
    const asked = client().get('/api/catalog/x');
    await expect(asked).rejects.toBeInstanceOf(Error);
    await expect(asked).rejects.toThrow(`${address} could not be reached: `);
  });

  it('says what is wrong with a token that no header can have, without the token', async () => {
    for (const token of ['first-line\nsecond-line', 'pasted-line\u2026']) {
      const asked = (async () => await client(token).get('/api/x'))();
      await expect(asked).rejects.toBeInstanceOf(InputError);
      await expect(asked).rejects.toThrow(/What to do: /);
      await expect(asked).rejects.not.toThrow(/-line/);
    }
  });

  it('says that there is no address, or none that is one', () => {
    expect(() =>
      BackendClient.open(new ConfigReader({}), undefined, {}),
    ).toThrow(InputError);
    expect(() => client(undefined, 'backstage')).toThrow(
      /Expected the address of a backend/,
    );
  });
});
