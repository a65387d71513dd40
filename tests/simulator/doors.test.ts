import { request as httpRequest } from 'node:http';
import { connect as tlsConnect } from 'node:tls';
import { Agent, ProxyAgent, request } from 'undici';
import { Simulator } from '../../dev/simulator';
import { basic } from './ask';

/** How a proxy answers CONNECT. */
async function connectTo(
  proxyUrl: string,
  target: string,
): Promise<{ status: number | undefined; body: string }> {
  return await new Promise((resolve, reject) => {
    const asked = httpRequest(proxyUrl, {
      method: 'CONNECT',
      path: target,
    });
    asked.once('error', reject);
    asked.once('connect', (response, socket, head) => {
      let body = head.toString();
      socket.on('data', (chunk: Buffer) => (body += chunk.toString()));
      socket.once('close', () =>
        resolve({ status: response.statusCode, body }),
      );
      if (response.statusCode === 200) {
        socket.destroy();
      }
    });
    asked.end();
  });
}

describe('the proxy of the simulator', () => {
  let simulator: Simulator;

  afterEach(() => simulator.close());

  it('leads to the hosts of the service and answers 403 to others', async () => {
    simulator = await Simulator.start();
    for (const host of [
      'dev.azure.com',
      'almsearch.dev.azure.com',
      'contoso.visualstudio.com',
      'login.microsoftonline.com',
    ]) {
      expect((await connectTo(simulator.proxyUrl, `${host}:443`)).status).toBe(
        200,
      );
    }
    for (const target of [
      'example.com:443',
      'dev.azure.com:8443',
      'dev.azure.com.example.com:443',
      'visualstudio.com.example:443',
    ]) {
      const { status, body } = await connectTo(simulator.proxyUrl, target);
      expect(status).toBe(403);
      expect(body).toContain(
        `This proxy leads to the Azure DevOps simulator alone, not to ${target}`,
      );
    }
    const plain = await request(simulator.proxyUrl);
    expect(plain.statusCode).toBe(501);
  });

  it('answers through the proxy with a certificate that the client trusts', async () => {
    simulator = await Simulator.start();
    simulator.addOrganization('contoso').grant('alice');
    simulator.addPersonalAccessToken('t', { identity: 'alice' });
    const dispatcher = new ProxyAgent(simulator.proxyUrl);
    const { statusCode, body } = await request(
      'https://dev.azure.com/contoso/_apis/projects',
      { dispatcher, headers: basic('t') },
    );
    await body.dump();
    expect(statusCode).toBe(200);
    await dispatcher.close();
  });
});

describe('the simulated Azure DevOps Server', () => {
  it('is trusted as localhost and by its addresses', async () => {
    const simulator = await Simulator.start();
    const { port } = new URL(simulator.serverUrl);
    for (const host of ['localhost', '127.0.0.1']) {
      const socket = tlsConnect({
        port: Number(port),
        host: '127.0.0.1',
        servername: host === 'localhost' ? host : undefined,
      });
      await new Promise((resolve, reject) => {
        socket.once('secureConnect', resolve).once('error', reject);
      });
      expect(socket.authorized).toBe(true);
      socket.destroy();
    }
    await simulator.close();
  });

  it('answers 401 in its own way and has no organization of the cloud', async () => {
    const simulator = await Simulator.start();
    simulator.addOrganization('tfs/Default').grant('alice');
    simulator.addOrganization('contoso').grant('alice');
    simulator.addPersonalAccessToken('t', { identity: 'alice' });
    const dispatcher = new Agent();
    const get = async (path: string, headers = {}) => {
      const response = await request(simulator.serverUrl + path, {
        dispatcher,
        headers,
      });
      await response.body.dump();
      return response;
    };
    const refused = await get('/tfs/default/_apis/projects');
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['www-authenticate']).toEqual([
      'Bearer',
      'Basic realm="localhost"',
      'Negotiate',
      'NTLM',
    ]);
    expect(
      (await get('/tfs/Default/_apis/projects', basic('t'))).statusCode,
    ).toBe(200);
    expect(
      (await get('/tfs%2FDefault/_apis/projects', basic('t'))).statusCode,
    ).toBe(200);
    expect((await get('/contoso/_apis/projects', basic('t'))).statusCode).toBe(
      404,
    );
    expect(
      (await get('/tfs/Default/_apis/nothing', basic('t'))).statusCode,
    ).toBe(404);
    await dispatcher.close();
    await simulator.close();
  });
});
