import type { Environment } from './processes';

/** By these names a proxy is asked for, by one program or another. */
const PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];

/**
 * The environment of a backend for which the simulator takes the place of the
 * service: any other proxy is left out, whatever the spelling of its variable.
 */
export function reachingSimulator(
  environment: Environment,
  simulator: Environment,
): Environment {
  const rest = Object.entries(environment).filter(
    ([name]) => !PROXY_VARIABLES.includes(name.toLowerCase()),
  );
  return { ...Object.fromEntries(rest), ...simulator };
}
