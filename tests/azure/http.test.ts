import { gzipSync } from 'node:zlib';
import { Agent } from 'undici';
import { systemClock } from '../../src/azure/clock';
import { type HttpRequest, sendOnce } from '../../src/azure/http';
import { until } from '../support/until';
import { ManualClock } from './support/clock';
import { LocalServers, serve, serveTcp } from './support/server';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const servers = new LocalServers();
const agents: Agent[] = [];

afterEach(async () => {
  await Promise.all(agents.splice(0).map(agent => agent.destroy()));
  await servers.close();
});

function agent(): Agent {
  const created = new Agent({ connections: 4 });
  agents.push(created);
  return created;
}

function request(
  port: number,
  overrides: Partial<HttpRequest> = {},
): HttpRequest {
  return {
    method: 'GET',
    origin: `http://127.0.0.1:${port}`,
    path: '/',
    headers: {},
    expects: 'json',
    maxBytes: 1_000_000,
    timeouts: { deadlineMs: 20_000, headersMs: 20_000, bodyMs: 20_000 },
    ...overrides,
  };
}

async function send(
  port: number,
  overrides: Partial<HttpRequest> = {},
  signal?: AbortSignal,
) {
  return await sendOnce(agent(), request(port, overrides), systemClock, signal);
}

/** A server that sends exactly these bytes after the first data of each connection. */
async function raw(bytes: string | Buffer, end = true) {
  return await servers.add(
    serveTcp(socket => {
      socket.once('data', () => {
        socket.write(bytes);
        if (end) socket.end();
      });
    }),
  );
}

describe('A request that is sent once', () => {
  it('gives status, headers and the whole body', async () => {
    const body = JSON.stringify({ text: 'ä'.repeat(100_000) });
    const { port } = await servers.add(
      serve(
        (_request, response) => {
          response.writeHead(200, { ...JSON_TYPE, ActivityId: 'x' }).end(body);
        },
        { plain: true },
      ),
    );
    const result = await send(port);
    expect(result).toMatchObject({
      outcome: 'response',
      response: { status: 200, headers: { activityid: 'x' } },
    });
    expect(
      result.outcome === 'response' && result.response.body.toString('utf8'),
    ).toBe(body);
  });

  it('follows no redirect', async () => {
    const elsewhere = await servers.add(
      serve((_request, response) => response.end('{}'), { plain: true }),
    );
    const { port } = await servers.add(
      serve(
        (_request, response) =>
          response
            .writeHead(302, {
              Location: `http://127.0.0.1:${elsewhere.port}/stolen`,
            })
            .end(),
        { plain: true },
      ),
    );
    await expect(send(port)).resolves.toMatchObject({
      outcome: 'response',
      response: { status: 302 },
    });
    expect(elsewhere.requests).toHaveLength(0);
  });

  it('ends at the deadline when the answer drips', async () => {
    let drip: NodeJS.Timeout | undefined;
    const server = await servers.add(
      serve(
        (_request, response) => {
          response.writeHead(200, JSON_TYPE);
          drip = setInterval(() => response.write(' '), 5);
        },
        { plain: true },
      ),
    );
    await expect(
      send(server.port, {
        timeouts: { deadlineMs: 2_000, headersMs: 20_000, bodyMs: 20_000 },
      }),
    ).resolves.toMatchObject({
      outcome: 'failure',
      failure: { reason: 'deadline', afterMs: 2_000, status: 200 },
    });
    clearInterval(drip);
    await until('the socket to be closed', () => server.sockets.size === 0);
  });

  it('ends at the deadline when nothing comes at all, and gives up the connection', async () => {
    const server = await servers.add(serveTcp(socket => socket.resume()));
    const clock = new ManualClock();
    const result = sendOnce(agent(), request(server.port), clock);
    await until('the connection', () => server.sockets.size === 1);
    clock.advance(20_000);
    await expect(result).resolves.toMatchObject({
      outcome: 'failure',
      failure: { reason: 'deadline' },
    });
    await until('the socket to be closed', () => server.sockets.size === 0);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['headers', ''],
    [
      'the body',
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a"',
    ],
  ])('does not wait forever for %s', async (_name, bytes) => {
    const { port } = await raw(bytes, false);
    const result = await send(port, {
      timeouts: { deadlineMs: 20_000, headersMs: 200, bodyMs: 200 },
    });
    expect(result).toMatchObject({
      outcome: 'failure',
      failure: {
        reason: 'connection',
        code: expect.stringMatching(/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/),
      },
    });
  });

  it('ends promptly when it is aborted, and gives up the connection', async () => {
    const server = await servers.add(serveTcp(socket => socket.resume()));
    const controller = new AbortController();
    const result = send(server.port, {}, controller.signal);
    await until('the connection', () => server.sockets.size === 1);
    controller.abort();
    await expect(result).resolves.toMatchObject({
      outcome: 'failure',
      failure: { reason: 'aborted' },
    });
    await until('the socket to be closed', () => server.sockets.size === 0);
    await expect(
      send(server.port, {}, controller.signal),
    ).resolves.toMatchObject({ failure: { reason: 'aborted' } });
  });

  it('ends promptly when it is aborted while it waits for a connection', async () => {
    const { port } = await servers.add(serveTcp(socket => socket.resume()));
    const crowded = agent();
    const controller = new AbortController();
    const all = Array.from({ length: 10 }, () =>
      sendOnce(crowded, request(port), systemClock, controller.signal),
    );
    controller.abort();
    for (const result of await Promise.all(all)) {
      expect(result).toMatchObject({ failure: { reason: 'aborted' } });
    }
  });

  it('fails at once when the answer announces itself as too large', async () => {
    const { port } = await raw(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2147483648\r\n\r\n',
      false,
    );
    await expect(send(port)).resolves.toMatchObject({
      outcome: 'failure',
      failure: { reason: 'too-large', maxBytes: 1_000_000, status: 200 },
    });
  });

  it('stops reading an answer that does not say how large it is', async () => {
    let sent = 0;
    const server = await servers.add(
      serve(
        (_request, response) => {
          response.writeHead(200, JSON_TYPE);
          const more = () => {
            while (!response.destroyed && response.write(Buffer.alloc(65_536)))
              sent += 65_536;
          };
          response.on('drain', more);
          more();
        },
        { plain: true },
      ),
    );
    await expect(send(server.port)).resolves.toMatchObject({
      outcome: 'failure',
      failure: { reason: 'too-large' },
    });
    await until('the socket to be closed', () => server.sockets.size === 0);
    expect(sent).toBeLessThan(50_000_000);
  });

  it('reads no more of an unexpected answer than its beginning', async () => {
    const { port } = await servers.add(
      serve(
        (_request, response) =>
          response
            .writeHead(503, { 'Content-Type': 'text/html' })
            .end(`<title>x</title>${'y'.repeat(5_000_000)}`),
        { plain: true },
      ),
    );
    const result = await send(port);
    expect(result).toMatchObject({
      outcome: 'response',
      response: { status: 503 },
    });
    expect(result.outcome === 'response' && result.response.body.length).toBe(
      65_536,
    );
  });

  it.each(['gzip', 'x-gzip', 'GZIP'])('decompresses %s', async encoding => {
    const { port } = await servers.add(
      serve(
        (_request, response) =>
          response
            .writeHead(200, { ...JSON_TYPE, 'Content-Encoding': encoding })
            .end(gzipSync('{"a":1}')),
        { plain: true },
      ),
    );
    const result = await send(port);
    expect(
      result.outcome === 'response' && result.response.body.toString(),
    ).toBe('{"a":1}');
  });

  const GOOD = gzipSync(JSON.stringify({ text: 'x'.repeat(100_000) }));
  const corrupt = Buffer.from(GOOD);
  corrupt.fill(0xff, 20, 60);
  it.each([
    ['corrupt', 'gzip', corrupt, 'undecodable'],
    ['cut short', 'gzip', GOOD.subarray(0, 50), 'undecodable'],
    ['empty', 'gzip', Buffer.alloc(0), 'undecodable'],
    ['of an unknown kind', 'zstd', GOOD, 'undecodable'],
    ['a bomb', 'gzip', gzipSync(Buffer.alloc(500_000_000)), 'too-large'],
  ])(
    'fails when the compression is %s',
    async (_name, encoding, body, reason) => {
      const { port } = await servers.add(
        serve(
          (_request, response) =>
            response
              .writeHead(200, { ...JSON_TYPE, 'Content-Encoding': encoding })
              .end(body),
          { plain: true },
        ),
      );
      await expect(send(port)).resolves.toMatchObject({
        outcome: 'failure',
        failure: { reason },
      });
    },
  );

  it('gives the status of an error whose compression is damaged', async () => {
    const { port } = await servers.add(
      serve(
        (_request, response) =>
          response
            .writeHead(404, { ...JSON_TYPE, 'Content-Encoding': 'gzip' })
            .end(corrupt),
        { plain: true },
      ),
    );
    await expect(send(port)).resolves.toMatchObject({
      outcome: 'response',
      response: { status: 404 },
    });
  });

  it.each([
    ['closes without a word', '', 'UND_ERR_SOCKET', undefined],
    [
      'closes in the middle of the body',
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":',
      'UND_ERR_SOCKET',
      200,
    ],
    [
      'closes without the last chunk',
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n',
      'UND_ERR_SOCKET',
      200,
    ],
    [
      'speaks something else',
      'SSH-2.0-x\r\n\r\n',
      'HTTPParserError',
      undefined,
    ],
  ])(
    'fails with the code of the error when the other side %s',
    async (_name, bytes, code, status) => {
      const { port } = await raw(bytes);
      await expect(send(port)).resolves.toMatchObject({
        outcome: 'failure',
        failure: {
          reason: 'connection',
          code: expect.stringContaining(code),
          ...(status !== undefined && { status }),
        },
      });
    },
  );

  it('fails with ECONNREFUSED when nobody listens', async () => {
    const { port, close } = await serveTcp(socket => socket.resume());
    await close();
    await expect(send(port)).resolves.toMatchObject({
      outcome: 'failure',
      failure: { reason: 'connection', code: 'ECONNREFUSED' },
    });
  });

  it('fails as closed when its connections are closed', async () => {
    const { port } = await servers.add(serveTcp(socket => socket.resume()));
    const dispatcher = agent();
    const running = sendOnce(dispatcher, request(port), systemClock);
    await dispatcher.destroy();
    await expect(running).resolves.toMatchObject({
      failure: { reason: 'closed' },
    });
    await expect(
      sendOnce(dispatcher, request(port), systemClock),
    ).resolves.toMatchObject({ failure: { reason: 'closed' } });
  });

  it('fails without quoting a header that cannot be sent', async () => {
    const { port } = await servers.add(serveTcp(socket => socket.resume()));
    const result = await send(port, { headers: { Authorization: 'a\nb' } });
    expect(result).toMatchObject({ outcome: 'failure' });
    expect(JSON.stringify(result)).not.toContain('a\\nb');
  });
});
