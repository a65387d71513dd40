import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { countRequests } from '../../dev/request-counter';

describe('the number of requests in the summary of npm start', () => {
  it('counts what is sent to the service, through whichever client of undici', async () => {
    const server = createServer((_request, response) => response.end('ok'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const count = countRequests([`127.0.0.1:${port}`]);

    await (await fetch(`http://127.0.0.1:${port}/a`)).text();
    await (await request(`http://127.0.0.1:${port}/b`)).body.text();
    await (await fetch(`http://localhost:${port}/c`)).text();
    expect(count()).toBe(2);

    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
});
