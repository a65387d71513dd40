/** What should become of a document when the catalog's usual kinds are allowed. */
export type Verdict =
  /** It gives an entity. */
  | 'taken'
  /** YAML that cannot be read, or that is no object. */
  | 'broken'
  /** An entity of a kind that catalog.rules do not allow here: User, Group, Template. */
  | 'forbidden'
  /** An entity whose envelope the catalog refuses: a bad name, no name, a bad kind. */
  | 'refused'
  /** An entity that another file of the company gives too. */
  | 'duplicate';

/** One YAML document of a descriptor. */
export interface SeedDocument {
  readonly yaml: string;
  readonly verdict: Verdict;
}

interface Common {
  readonly name: string;
  readonly namespace?: string;
  readonly title?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly links?: ReadonlyArray<{ url: string; title: string }>;
  readonly owner?: string;
}

interface ComponentOptions extends Common {
  readonly type?: string;
  readonly lifecycle?: string;
  readonly system?: string;
  readonly providesApis?: readonly string[];
  readonly consumesApis?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly subcomponentOf?: string;
}

/** A Component; without `lifecycle` it is in production. */
export function component(options: ComponentOptions): SeedDocument {
  return taken([
    ...head('Component', options),
    'spec:',
    `  type: ${options.type ?? 'service'}`,
    `  lifecycle: ${options.lifecycle ?? 'production'}`,
    `  owner: ${options.owner ?? 'group:platform'}`,
    ...line('system', options.system),
    ...line('subcomponentOf', options.subcomponentOf),
    ...list('providesApis', options.providesApis),
    ...list('consumesApis', options.consumesApis),
    ...list('dependsOn', options.dependsOn),
  ]);
}

/** An API; `definition` is YAML below the key, a placeholder for instance. */
export function api(
  options: Common & {
    readonly type?: string;
    readonly system?: string;
    readonly lifecycle?: string;
    readonly definition: string;
  },
): SeedDocument {
  return taken([
    ...head('API', options),
    'spec:',
    `  type: ${options.type ?? 'openapi'}`,
    `  lifecycle: ${options.lifecycle ?? 'production'}`,
    `  owner: ${options.owner ?? 'group:platform'}`,
    ...line('system', options.system),
    `  definition: ${options.definition}`,
  ]);
}

export function resource(
  options: Common & { readonly type: string; readonly system?: string },
): SeedDocument {
  return taken([
    ...head('Resource', options),
    'spec:',
    `  type: ${options.type}`,
    `  owner: ${options.owner ?? 'group:platform'}`,
    ...line('system', options.system),
  ]);
}

export function system(
  options: Common & { readonly domain?: string },
): SeedDocument {
  return taken([
    ...head('System', options),
    'spec:',
    `  owner: ${options.owner ?? 'group:platform'}`,
    ...line('domain', options.domain),
  ]);
}

export function domain(options: Common): SeedDocument {
  return taken([
    ...head('Domain', options),
    'spec:',
    `  owner: ${options.owner ?? 'group:platform'}`,
  ]);
}

/** A Location whose targets are relative to its own file. */
export function location(
  options: Common & { readonly targets: readonly string[] },
): SeedDocument {
  return taken([
    ...head('Location', options),
    'spec:',
    ...list('targets', options.targets),
  ]);
}

/** Words as they stand, with what should become of them. */
export function verbatim(
  verdict: Exclude<Verdict, 'duplicate'>,
  yaml: string,
): SeedDocument {
  return { yaml: `${yaml.trim()}\n`, verdict };
}

/** A document that gives the same entity as another file of the company. */
export function duplicate(document: SeedDocument): SeedDocument {
  return { ...document, verdict: 'duplicate' };
}

function head(kind: string, options: Common): string[] {
  return [
    'apiVersion: backstage.io/v1alpha1',
    `kind: ${kind}`,
    'metadata:',
    `  name: ${options.name}`,
    ...line('namespace', options.namespace),
    ...line('title', options.title && JSON.stringify(options.title)),
    ...line(
      'description',
      options.description && JSON.stringify(options.description),
    ),
    ...list('tags', options.tags),
    ...(options.annotations
      ? [
          '  annotations:',
          ...Object.entries(options.annotations).map(
            ([key, value]) => `    ${key}: ${JSON.stringify(value)}`,
          ),
        ]
      : []),
    ...(options.links
      ? [
          '  links:',
          ...options.links.flatMap(({ url, title }) => [
            `    - url: ${url}`,
            `      title: ${JSON.stringify(title)}`,
          ]),
        ]
      : []),
  ];
}

function line(key: string, value: string | undefined): string[] {
  return value ? [`  ${key}: ${value}`] : [];
}

function list(key: string, values: readonly string[] | undefined): string[] {
  return values ? [`  ${key}:`, ...values.map(value => `    - ${value}`)] : [];
}

function taken(lines: readonly string[]): SeedDocument {
  return { yaml: `${lines.join('\n')}\n`, verdict: 'taken' };
}
