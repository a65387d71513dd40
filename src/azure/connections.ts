import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import type {
  ConnectionFailure,
  Proxy,
} from '../credentials/problems/connection';
import { fieldsOf } from './parse';

interface ConnectionOptions {
  /** The host that is to be reached, as `host[:port]`. */
  readonly host: string;
  /** How many sockets may be open to one host. */
  readonly sockets: number;
  /** Milliseconds for connecting, the proxy's tunnel and TLS included. */
  readonly connectMs: number;
}

/** The connections to one host. */
export interface Connections {
  /** Kept alive and used again. */
  readonly kept: Dispatcher;
  /** Used once, for what a connection that had gone stale must not fail twice. */
  readonly fresh: Dispatcher;
}

/** Shorter than what load balancers usually grant an idle connection. */
const KEEP_ALIVE_MS = 20_000;

/**
 * Connections through the proxy that the environment names: `HTTPS_PROXY` and
 * `NO_PROXY`, in upper or lower case, with credentials in the proxy's address
 * if it wants any. `NODE_EXTRA_CA_CERTS` is Node's own.
 * Where the environment names no HTTP proxy for the host, every request fails.
 */
export function createConnections(
  options: ConnectionOptions,
  environment: NodeJS.ProcessEnv = process.env,
): Connections {
  const { host, sockets, connectMs } = options;
  const proxies = readProxies(host, environment);
  if (proxies instanceof ProxyError) {
    const failing = new Agent({
      connect: (_target, callback) => callback(proxies, null),
    });
    return { kept: failing, fresh: failing };
  }
  const common: EnvHttpProxyAgent.Options = {
    httpProxy: proxies.HTTP_PROXY?.href ?? '',
    httpsProxy: proxies.HTTPS_PROXY?.href ?? '',
    noProxy: variable('NO_PROXY', environment),
    connections: sockets,
    connectTimeout: connectMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    proxyTls: { timeout: connectMs },
    requestTls: { timeout: connectMs },
    // A proxy that accepts the connection and never answers must not hold a
    // socket for the five minutes that are the default.
    clientFactory: (origin, proxy) =>
      connectionsTo(describeProxy(origin, proxies, environment), origin, {
        ...proxy,
        headersTimeout: connectMs,
      }),
  };
  return {
    kept: new EnvHttpProxyAgent(common),
    // No pipelining, in undici's words, is no keeping alive either.
    fresh: new EnvHttpProxyAgent({ ...common, pipelining: 0 }),
  };
}

/** How a host is reached. */
export type Route =
  | { readonly way: 'direct' }
  | { readonly way: 'proxy'; readonly proxy: string }
  /** An entry of NO_PROXY keeps the host from the proxy. */
  | { readonly way: 'exception'; readonly entry: string };

/**
 * How https requests reach a host by the environment's variables, in lower or
 * upper case, as undici reads them: `HTTPS_PROXY`, else `HTTP_PROXY`, except
 * for what `NO_PROXY` names.
 */
export function routeTo(host: string, env: NodeJS.ProcessEnv): Route {
  const proxy = variable('HTTPS_PROXY', env) || variable('HTTP_PROXY', env);
  if (!proxy) return { way: 'direct' };
  const exceptions = variable('NO_PROXY', env);
  const entry = exceptions
    .split(/[,\s]+/)
    .find(
      candidate =>
        candidate !== '' &&
        (exceptions === '*' || covers(candidate.toLowerCase(), host)),
    );
  return entry === undefined
    ? { way: 'proxy', proxy: withoutPassword(proxy) }
    : { way: 'exception', entry };
}

function covers(entry: string, host: string): boolean {
  const [name = '', port = '443'] = host.toLowerCase().split(':');
  const [, pattern = entry, onlyPort] = /^(.+):(\d+)$/.exec(entry) ?? [];
  if (onlyPort !== undefined && onlyPort !== port) return false;
  const domain = pattern.replace(/^\*?\./, '');
  return name === domain || name.endsWith(`.${domain}`);
}

function variable(name: string, env: NodeJS.ProcessEnv): string {
  return (env[name.toLowerCase()] ?? env[name] ?? '').trim();
}

function withoutPassword(proxy: string): string {
  return proxy.replace(/^([a-z\d]+:\/\/)?.*@/i, '$1***@');
}

/** The variables that name a proxy: the first is for https, and the second for https too where there is no first. */
const PROXY_VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY'] as const;

type Proxies = Readonly<Partial<Record<(typeof PROXY_VARIABLES)[number], URL>>>;

/** The proxies that the environment names for a host, or what is wrong with them. */
function readProxies(
  host: string,
  environment: NodeJS.ProcessEnv,
): Proxies | ProxyError {
  const proxies: Record<string, URL> = {};
  if (routeTo(host, environment).way !== 'proxy') {
    return proxies;
  }
  for (const name of PROXY_VARIABLES) {
    const value = variable(name, environment);
    if (value === '') continue;
    // Without a scheme it means http, as everywhere.
    const text = /^[a-z][a-z\d+.-]*:\/\//i.test(value)
      ? value
      : `http://${value}`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !/^https?:$/.test(url.protocol)) {
      // No part of the value is shown but the scheme: it may hold a password.
      return new ProxyError({
        unusableProxy: {
          variable: spelling(name, environment),
          scheme: url?.protocol.slice(0, -1),
        },
      });
    }
    proxies[name] = url;
  }
  return proxies;
}

/** A variable as the environment spells it. */
function spelling(name: string, environment: NodeJS.ProcessEnv): string {
  const lower = name.toLowerCase();
  return environment[lower] === undefined ? name : lower;
}

/** A proxy for messages. */
function describeProxy(
  url: URL,
  proxies: Proxies,
  environment: NodeJS.ProcessEnv,
): Proxy {
  const name =
    PROXY_VARIABLES.find(it => proxies[it]?.href === url.href) ?? 'HTTPS_PROXY';
  return {
    address: url.host,
    variable: spelling(name, environment),
    secure: url.protocol === 'https:',
    hasUser: url.username !== '',
  };
}

/** A proxy that cannot be used, a failure on the way to it, or what it answered instead of opening a tunnel. */
export class ProxyError extends Error {
  /**
   * @param failure - as far as it is known here
   * @param error - what undici threw
   */
  constructor(
    readonly failure: Omit<ConnectionFailure, 'host'>,
    readonly error?: unknown,
  ) {
    super('the proxy cannot be used');
  }
}

/** Codes of connections that were given up on this side. */
const GIVEN_UP = /^UND_ERR_(ABORTED|CLOSED|DESTROYED)$/;

/** The connections to a proxy: whatever fails on them is marked as the proxy's. */
function connectionsTo(
  proxy: Proxy,
  url: URL,
  options: Pool.Options,
): Dispatcher {
  const pool = new Pool(url, options);
  const openTunnel: (
    request: Parameters<Pool['connect']>[0],
  ) => Promise<Dispatcher.ConnectData> = pool.connect.bind(pool);
  return Object.assign(pool, {
    connect: async (request: Parameters<Pool['connect']>[0]) => {
      let tunnel: Dispatcher.ConnectData;
      try {
        tunnel = await openTunnel(request);
      } catch (error) {
        throw GIVEN_UP.test(String(fieldsOf(error).code))
          ? error
          : new ProxyError({ proxy }, error);
      }
      const { statusCode, headers, socket } = tunnel;
      if (statusCode !== 200) {
        socket.on('error', () => {}).destroy();
        throw new ProxyError({
          proxy,
          proxyStatus: statusCode,
          proxySchemes: schemesOf(headers['proxy-authenticate']),
        });
      }
      return tunnel;
    },
  });
}

/** The ways to sign in of a `Proxy-Authenticate`, which may come once for each. */
function schemesOf(header: string | string[] | undefined): string[] {
  return [header ?? []].flat().flatMap(value => {
    const scheme = /^[A-Za-z-]{2,20}(?=\s|$)/.exec(value.trim())?.[0];
    return scheme === undefined ? [] : [scheme];
  });
}
