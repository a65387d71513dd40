import { subscribe } from 'node:diagnostics_channel';

/** What undici publishes for each request that it begins to send, retries included. */
interface UndiciRequest {
  readonly request: { readonly origin: string | URL };
}

/**
 * Counts what this process sends from now on to some hosts and their subdomains,
 * whoever sends it: this module as well as Backstage's own URL reader.
 *
 * @param hosts - as `host[:port]`
 * @returns how many there have been
 */
export function countRequests(hosts: readonly string[]): () => number {
  let count = 0;
  subscribe('undici:request:create', message => {
    const { host } = new URL((message as UndiciRequest).request.origin);
    if (hosts.some(own => host === own || host.endsWith(`.${own}`))) count += 1;
  });
  return () => count;
}
