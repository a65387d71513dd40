import { EnvHttpProxyAgent, Pool, type Dispatcher } from 'undici';

export interface ConnectionOptions {
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
 *
 * @throws when the proxy's address is not a URL.
 */
export function createConnections(
  options: ConnectionOptions,
  environment: NodeJS.ProcessEnv = process.env,
): Connections {
  const { sockets, connectMs } = options;
  const common: EnvHttpProxyAgent.Options = {
    httpProxy: proxyUrl('HTTP_PROXY', environment),
    httpsProxy: proxyUrl('HTTPS_PROXY', environment),
    noProxy: environment.no_proxy ?? environment.NO_PROXY ?? '',
    connections: sockets,
    connectTimeout: connectMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    proxyTls: { timeout: connectMs },
    requestTls: { timeout: connectMs },
    // A proxy that accepts the connection and never answers must not hold a
    // socket for the five minutes that are the default.
    clientFactory: (origin, proxy) =>
      new Pool(origin, { ...proxy, headersTimeout: connectMs }),
  };
  return {
    kept: new EnvHttpProxyAgent(common),
    // No pipelining, in undici's words, is no keeping alive either.
    fresh: new EnvHttpProxyAgent({ ...common, pipelining: 0 }),
  };
}

/** A proxy's address from the environment. Without a scheme it means http, as everywhere. */
function proxyUrl(
  name: 'HTTP_PROXY' | 'HTTPS_PROXY',
  environment: NodeJS.ProcessEnv,
): string {
  const value = (
    environment[name.toLowerCase()] ??
    environment[name] ??
    ''
  ).trim();
  if (value === '') {
    return '';
  }
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (!URL.canParse(url)) {
    // Its value may hold a password.
    throw new Error(
      `The environment variable ${name} is not the address of a proxy; expected something like http://proxy.example.com:8080`,
    );
  }
  return url;
}
