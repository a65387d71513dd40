/** Sets environment variables, and returns what sets them back. */
export function withEnvironment(
  variables: Record<string, string | undefined>,
): () => void {
  const before = Object.keys(variables).map(
    name => [name, process.env[name]] as const,
  );
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(variables)) set(name, value);
  return () => before.forEach(([name, value]) => set(name, value));
}

/** Leaves these of the variables that name proxies, and no others. */
export function withProxies(variables: Record<string, string>): () => void {
  return withEnvironment({
    HTTPS_PROXY: undefined,
    https_proxy: undefined,
    HTTP_PROXY: undefined,
    http_proxy: undefined,
    NO_PROXY: undefined,
    no_proxy: undefined,
    ...variables,
  });
}
