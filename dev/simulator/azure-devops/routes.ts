import { nameKey } from '../model';
import type { EndpointRoute } from '../seams';

/** A route that fits an address, with what the address puts into its open parts. */
export interface RouteMatch {
  readonly route: EndpointRoute;
  readonly parameters: Readonly<Record<string, string>>;
}

interface CompiledRoute {
  readonly route: EndpointRoute;
  readonly parts: readonly TemplatePart[];
}

interface TemplatePart {
  readonly kind: 'literal' | 'parameter' | 'rest';
  /** The literal in lower case, or the parameter's name. */
  readonly text: string;
}

/** The endpoints under `_apis`, found by address. */
export class RouteTable {
  readonly #routes: CompiledRoute[] = [];

  add(route: EndpointRoute): void {
    this.#routes.push({ route, parts: compile(route.template) });
  }

  all(): EndpointRoute[] {
    return this.#routes.map(({ route }) => route);
  }

  /** The routes that fit an address, whatever their method. */
  find(resource: readonly string[], host: 'main' | 'search'): RouteMatch[] {
    const found: RouteMatch[] = [];
    for (const { route, parts } of this.#routes) {
      if ((route.host ?? 'main') === host) {
        const parameters = fit(parts, resource);
        if (parameters) {
          found.push({ route, parameters });
        }
      }
    }
    return found;
  }
}

function compile(template: string): TemplatePart[] {
  return template.split('/').map(text => {
    const [, rest, name] = /^\{(\*?)(\w+)\}$/.exec(text) ?? [];
    if (name === undefined) {
      return { kind: 'literal', text: nameKey(text) };
    }
    return { kind: rest === '*' ? 'rest' : 'parameter', text: name };
  });
}

function fit(
  parts: readonly TemplatePart[],
  resource: readonly string[],
): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, { kind, text }] of parts.entries()) {
    const segment = resource[index];
    if (kind === 'rest') {
      parameters[text] = resource.slice(index).join('/');
      return parameters;
    }
    if (segment === undefined) {
      return undefined;
    }
    if (kind === 'parameter') {
      parameters[text] = segment;
    } else if (nameKey(segment) !== text) {
      return undefined;
    }
  }
  return resource.length === parts.length ? parameters : undefined;
}
