import { ConfigSources } from '@backstage/config-loader';
import type { Config } from '@backstage/config';

/**
 * Reads the configuration as Backstage's backend does: the files that are
 * named, or else app-config.yaml and app-config.local.yaml; then the
 * environment variables that begin with APP_CONFIG_. `${NAME}` stands for an
 * environment variable.
 *
 * @throws what Backstage throws for a file that is missing or cannot be read.
 */
export async function readConfiguration(
  files: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Config> {
  const source = ConfigSources.default({
    argv: files.flatMap(file => ['--config', file]),
    env,
    substitutionFunc: async name => env[name]?.trim(),
    watch: false,
  });
  const config = await ConfigSources.toConfig(source);
  config.close();
  return config;
}
