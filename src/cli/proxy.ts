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
  return proxy.replace(/^([a-z]+:\/\/)?[^/@]*@/i, '$1***@');
}
