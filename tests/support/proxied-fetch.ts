import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';

/**
 * Sends the global `fetch`, which Backstage's own reader uses, through the proxy
 * of the environment, as Node 20 does not by itself. Jest's modules have a global
 * object of their own, so undici's way of setting a dispatcher for Node's fetch
 * does not reach it.
 *
 * @returns what puts the global back as it was
 */
export function proxyGlobalFetch(): () => Promise<void> {
  const { fetch } = globalThis;
  const dispatcher = new EnvHttpProxyAgent();
  const throughProxy = (url: string, init?: object) =>
    undiciFetch(url, { ...init, dispatcher });
  globalThis.fetch = throughProxy as unknown as typeof fetch;
  return async () => {
    globalThis.fetch = fetch;
    await dispatcher.destroy();
  };
}
