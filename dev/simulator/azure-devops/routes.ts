import type { EndpointRoute } from '../seams';

/** A route that fits an address, with what the address puts into its open parts. */
export interface RouteMatch {
  readonly route: EndpointRoute;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The endpoints under `_apis`, found by address. */
export class RouteTable {
  readonly #patterns: readonly RegExp[];

  constructor(readonly all: readonly EndpointRoute[]) {
    this.#patterns = all.map(({ template }) => patternOf(template));
  }

  /** The routes that fit an address, whatever their method. */
  find(resource: readonly string[], host: 'main' | 'search'): RouteMatch[] {
    const path = resource.join('/');
    return this.all.flatMap((route, index) => {
      const match =
        (route.host ?? 'main') === host && this.#patterns[index]?.exec(path);
      return match ? [{ route, parameters: { ...match.groups } }] : [];
    });
  }
}

/** `{name}` is one part of an address, `{*name}` at the end all that follows, which may be nothing. */
function patternOf(template: string): RegExp {
  const source = template
    .replace(/\/\{\*(\w+)\}$/, '(?:/(?<$1>.*))?')
    .replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return new RegExp(`^${source}$`, 'is');
}
