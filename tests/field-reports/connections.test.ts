import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import {
  type AddressInfo,
  connect,
  createServer as createTcp,
  type Server,
  type Socket,
} from 'node:net';
import { join } from 'node:path';
import { createServer as createTls, type TlsOptions } from 'node:tls';
import { CertificateAuthority } from '../../dev/simulator/certificates/authority';
import { Organization } from '../../src/organization';
import { faultOf, TestClients, TOKEN } from '../azure/support/clients';
import { withProxies } from '../support/with-environment';
import { testFieldReports } from './table';

const HOUR = 60 * 60 * 1000;
const clients = new TestClients();
const servers: Server[] = [];
const sockets = new Set<Socket>();
let authority: CertificateAuthority;

beforeAll(async () => {
  authority = await CertificateAuthority.ensure(
    process.env.SIMULATOR_CA_DIRECTORY ?? join(process.cwd(), '.cache', 'ca'),
  );
});

afterEach(async () => {
  await clients.close();
  for (const socket of sockets) socket.destroy();
  await Promise.all(
    servers
      .splice(0)
      .map(server => new Promise(resolve => server.close(resolve))),
  );
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

const plain = () => listen(createHttp((_request, response) => response.end()));
const says = (text: string) => listen(createTcp(socket => socket.end(text)));
/** Answers the first bytes, as a proxy answers CONNECT. */
const answers = (text: string) =>
  listen(createTcp(socket => socket.once('data', () => socket.end(text))));
const closes = () =>
  listen(createTcp(socket => socket.once('data', () => socket.destroy())));
const tls = (options: TlsOptions, name = 'localhost') =>
  listen(createTls({ ...authority.certificateFor(name), ...options }));
const https = (name: string, validTo?: Date) =>
  listen(createHttps(authority.certificateFor(name, validTo)));
const old = (version: 'TLSv1' | 'TLSv1.1') =>
  tls({
    minVersion: version,
    maxVersion: version,
    ciphers: 'ALL:@SECLEVEL=0',
  });

/** A proxy that leads everything to one port. */
async function proxyTo(port: number): Promise<number> {
  const server = createHttp();
  server.on('connect', (_request, socket: Socket) => {
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  return await listen(server);
}

const refuses = (status: string) =>
  answers(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
const denial = (schemes: string) =>
  answers(
    `HTTP/1.1 407 Proxy Authentication Required\r\n${schemes}Content-Length: 0\r\n\r\n`,
  );

/** The message of a request to a host, in an environment. */
async function ask(
  host: string,
  variables: Record<string, string> = {},
): Promise<string> {
  const restore = withProxies(variables);
  try {
    const fault = await faultOf(
      clients
        .create({ random: () => 0, timeouts: { connectMs: 2_000 } })
        .forOrganization(new Organization(host, 'coll'))
        .listRepositories(),
    );
    expect(`${fault.stack}${JSON.stringify(fault)}`).not.toMatch(
      new RegExp(`hunter2|${TOKEN}`),
    );
    return fault.message;
  } finally {
    restore();
  }
}

const server = async (port: Promise<number>) =>
  await ask(`localhost:${await port}`);
const through = async (scheme: string, port: Promise<number>) =>
  await ask('dev.azure.com', {
    HTTPS_PROXY: `${scheme}127.0.0.1:${await port}`,
  });

testFieldReports('a connection that fails is reported with its cure:', [
  [
    'a Server that answers plain http',
    /localhost:\d+ answers without TLS.*What to do: Give the host and port on which the Server answers https.*write http:\/\/localhost/,
    () => server(plain()),
  ],
  [
    'a host that speaks no HTTP at all',
    /answers without TLS/,
    () => server(says('220 mail.example.com ESMTP\r\n')),
  ],
  [
    'a proxy that leads to plain http',
    /dev\.azure\.com answers without TLS.*What to do: Find out what answers in place of dev\.azure\.com/,
    async () => through('http://', proxyTo(await plain())),
  ],
  [
    'a Server that speaks TLS 1.1 only',
    /speaks no version of TLS from 1\.2 on.*What to do: Let those who run it switch on TLS 1\.2/,
    () => server(old('TLSv1.1')),
  ],
  [
    'a Server that speaks TLS 1.0 only',
    /speaks no version of TLS from 1\.2 on/,
    () => server(old('TLSv1')),
  ],
  [
    'TLS 1.1 only, behind a proxy',
    /dev\.azure\.com speaks no version of TLS from 1\.2 on/,
    async () => through('http://', proxyTo(await old('TLSv1.1'))),
  ],
  [
    'HTTPS_PROXY=https://… for a proxy that speaks http',
    /the proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\) answers without TLS.*What to do: Write http:\/\/ instead of https:\/\/ in HTTPS_PROXY/,
    () => through('https://', plain()),
  ],
  [
    'HTTPS_PROXY=http://… for a proxy that speaks TLS',
    /the proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\) closed the connection without a word.*What to do: .*write https:\/\//,
    () => through('http://', https('localhost')),
  ],
  [
    'HTTPS_PROXY=https://… for a proxy with a certificate of another name',
    /the certificate that the proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\) shows is for other names: proxy\.example/,
    () => through('https://', https('proxy.example')),
  ],
  [
    'HTTPS_PROXY=socks5://…',
    /HTTPS_PROXY names a socks5 proxy, and only HTTP proxies can be used.*What to do: Write the address of an HTTP proxy/,
    () => through('socks5://user:hunter2@', plain()),
  ],
  [
    'HTTPS_PROXY=socks5h://…',
    /HTTPS_PROXY names a socks5h proxy/,
    () => through('socks5h://', plain()),
  ],
  [
    'https_proxy=socks4://…',
    /https_proxy names a socks4 proxy/,
    () => ask('dev.azure.com', { https_proxy: 'socks4://127.0.0.1:1080' }),
  ],
  [
    'HTTP_PROXY with a port that is none',
    /HTTP_PROXY is not the address of a proxy.*What to do: Write the address of an HTTP proxy/,
    () =>
      ask('dev.azure.com', { HTTP_PROXY: 'http://user:hunter2@proxy:port' }),
  ],
  [
    'a proxy that demands a sign-in',
    /\(HTTPS_PROXY\) demands a user and a password \(it takes Basic\), and answered 407.*What to do: Write them into HTTPS_PROXY, as http:\/\/user:password@/,
    () => through('', denial('Proxy-Authenticate: Basic realm="x"\r\n')),
  ],
  [
    'a proxy that does not take the password',
    /does not accept the user and password in HTTPS_PROXY.*What to do: Correct them/,
    () =>
      through(
        'http://user:hunter2@',
        denial('Proxy-Authenticate: Basic realm="x"\r\n'),
      ),
  ],
  [
    'a proxy that takes NTLM only',
    /demands a sign-in of a kind that is not supported \(it takes NTLM, Negotiate\), and answered 407/,
    () =>
      through(
        'http://user:hunter2@',
        denial('Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n'),
      ),
  ],
  [
    'a proxy that does not admit the host',
    /does not let this machine connect to dev\.azure\.com, and answered 403.*What to do: Let those who run the proxy admit dev\.azure\.com/,
    () => through('', refuses('403 Forbidden')),
  ],
  [
    'a proxy that finds no way to the host',
    /could not connect to dev\.azure\.com, and answered 502.*What to do: Let those who run the proxy look at its way to dev\.azure\.com/,
    () => through('', refuses('502 Bad Gateway')),
  ],
  [
    'HTTPS_PROXY leads to a web server',
    /opened no connection to dev\.azure\.com, and answered 405: it is no proxy for https.*What to do: Check host and port in HTTPS_PROXY/,
    () => through('', refuses('405 Method Not Allowed')),
  ],
  [
    'HTTPS_PROXY leads to a SOCKS proxy',
    /the proxy .* closed the connection without a word.*a SOCKS proxy is none/,
    () => through('http://', closes()),
  ],
  [
    'HTTPS_PROXY leads to nothing',
    /the proxy 127\.0\.0\.1:1 \(HTTPS_PROXY\) cannot be reached.*What to do: Check host and port in HTTPS_PROXY/,
    () => through('', Promise.resolve(1)),
  ],
  [
    'a certificate of another name',
    /the certificate that localhost:\d+ shows is for other names: elsewhere\.example.*What to do: Use a name that the certificate has/,
    () => server(https('elsewhere.example')),
  ],
  [
    'a proxy that shows a certificate of another name for the host',
    /the certificate that dev\.azure\.com shows is for other names: inspector\.example/,
    async () => through('', proxyTo(await https('inspector.example'))),
  ],
  [
    'a certificate that has expired',
    /the certificate that localhost:\d+ shows has expired.*What to do: Let those who run localhost.* renew it/,
    () => server(https('localhost', new Date(Date.now() - HOUR))),
  ],
  [
    'an expired certificate, behind a proxy',
    /the certificate that dev\.azure\.com shows has expired/,
    async () =>
      through(
        '',
        proxyTo(await https('dev.azure.com', new Date(Date.now() - HOUR))),
      ),
  ],
  [
    'an expired certificate of a proxy',
    /the certificate that the proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\) shows has expired.*What to do: Let those who run the proxy renew it/,
    () => through('https://', https('localhost', new Date(Date.now() - HOUR))),
  ],
  [
    'a Server that demands a certificate of the client',
    /has no encryption to offer that Node accepts.*demands no certificate of the client|demands a certificate of the client/,
    () =>
      server(
        tls({
          requestCert: true,
          rejectUnauthorized: true,
          ca: [],
          maxVersion: 'TLSv1.2',
        }),
      ),
  ],
]);
