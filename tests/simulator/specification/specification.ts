import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv-draft-04';

// Microsoft's OpenAPI 2.0 documents of Azure DevOps, as far as validating needs them.

interface Reference {
  readonly $ref: string;
}
export interface Schema {
  readonly format?: string;
  readonly $ref?: string;
  readonly type?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly allOf?: readonly Schema[];
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly enum?: readonly string[];
  readonly 'x-ms-required'?: boolean;
}
interface Operation {
  readonly parameters: ReadonlyArray<Parameter | Reference>;
  readonly responses: Readonly<Record<string, { readonly schema?: Schema }>>;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;
interface Document {
  readonly paths: Paths;
  readonly 'x-ms-paths'?: Paths;
  readonly definitions: Readonly<Record<string, Schema>>;
  readonly parameters: Readonly<Record<string, Parameter>>;
}

/** An operation of the specification that a request fits. */
export interface FoundOperation {
  /** As the specification writes it. */
  readonly path: string;
  /** The names of the query parameters that it knows. */
  readonly parameters: ReadonlySet<string>;
  /** The values of query parameters that take only some. */
  readonly enums: ReadonlyMap<string, readonly string[]>;
  /** What a 200 answer's body is; undefined when nothing is said of it. */
  readonly schema: Schema | undefined;
}

interface Verdict {
  /** Where the body contradicts the schema. */
  readonly errors: readonly string[];
  /** Properties that the schema does not know. */
  readonly unknown: readonly string[];
}

/** One of the specification's documents. */
export class Specification {
  readonly #document: Document;
  readonly #ajv: Ajv;
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(file: string) {
    this.#document = read<Document>(file);
    this.#ajv = new Ajv({
      strict: false,
      allErrors: true,
      // Numbers in double are any numbers; the texts are checked for real.
      formats: {
        int32: integerUpTo(2 ** 31),
        int64: integerUpTo(Number.MAX_SAFE_INTEGER),
        double: true,
        byte: true,
        // The type parameter of a generic class.
        T: true,
        uuid: /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
        'date-time':
          /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
      },
    });
    this.#ajv.addSchema({ definitions: this.#document.definitions }, 'api');
  }

  /** The operation that a request fits best; a project is optional where the specification says so. */
  operation(method: string, url: URL): FoundOperation | undefined {
    const candidates = [
      ...Object.entries(this.#document.paths),
      ...Object.entries(this.#document['x-ms-paths'] ?? {}),
    ]
      .map(([path, operations]) => ({
        path,
        operation: operations[method.toLowerCase()],
      }))
      .flatMap(({ path, operation }) =>
        operation && this.#fits(path, operation, url)
          ? [this.#found(path, operation)]
          : [],
      );
    const unknownTo = ({ parameters }: FoundOperation) =>
      [...url.searchParams.keys()].filter(name => !parameters.has(name)).length;
    return candidates.sort((a, b) => unknownTo(a) - unknownTo(b))[0];
  }

  /**
   * Judges a body by a schema. Lists travel as `{ count, value }`, which the
   * specification leaves unsaid.
   */
  judge(schema: Schema, body: unknown): Verdict {
    if (schema.type !== 'array') return this.#judge(schema, body, '');
    if (!isRecord(body) || !Array.isArray(body['value'])) {
      return { errors: ['expected { count, value: [...] }'], unknown: [] };
    }
    const { count, value, ...rest } = body;
    const verdict = this.#judge(schema, value, '/value');
    return {
      errors: [
        ...(count === body['value'].length
          ? []
          : [`/count is ${JSON.stringify(count)} for ${body['value'].length}`]),
        ...verdict.errors,
      ],
      unknown: [...Object.keys(rest).map(key => `/${key}`), ...verdict.unknown],
    };
  }

  #judge(schema: Schema, value: unknown, at: string): Verdict {
    const validate = this.#validator(schema);
    validate(value);
    return {
      errors: (validate.errors ?? []).map(
        error => `${at}${error.instancePath} ${error.message}`,
      ),
      unknown: [...new Set(this.#unknown(schema, value, at))],
    };
  }

  #validator(schema: Schema): ValidateFunction {
    const key = JSON.stringify(schema);
    let validator = this.#validators.get(key);
    if (!validator) {
      const absolute = key.replaceAll('"#/definitions/', '"api#/definitions/');
      validator = this.#ajv.compile(JSON.parse(absolute));
      this.#validators.set(key, validator);
    }
    return validator;
  }

  /** The places of properties that no schema mentions; positions in lists are left out. */
  *#unknown(schema: Schema, value: unknown, at: string): Generator<string> {
    const shape = this.#shape(schema);
    if (Array.isArray(value)) {
      if (!shape.items) return;
      for (const entry of value) {
        yield* this.#unknown(shape.items, entry, `${at}[]`);
      }
    } else if (isRecord(value)) {
      for (const [name, inner] of Object.entries(value)) {
        const known = shape.properties.get(name);
        if (known) yield* this.#unknown(known, inner, `${at}/${name}`);
        else if (shape.isOpen) continue;
        else if (shape.rest) {
          yield* this.#unknown(shape.rest, inner, `${at}/${name}`);
        } else yield `${at}/${name}`;
      }
    }
  }

  /** What a schema says in all, with references and `allOf` resolved. */
  #shape(schema: Schema): {
    properties: Map<string, Schema>;
    rest: Schema | undefined;
    items: Schema | undefined;
    /** Whether nothing is said of what is inside. */
    isOpen: boolean;
  } {
    if (schema.$ref) {
      return this.#shape(this.#definition(schema.$ref));
    }
    const properties = new Map(Object.entries(schema.properties ?? {}));
    for (const part of schema.allOf ?? []) {
      for (const [name, inner] of this.#shape(part).properties) {
        properties.set(name, inner);
      }
    }
    const rest = schema.additionalProperties;
    return {
      properties,
      rest: typeof rest === 'object' ? rest : undefined,
      items: schema.items,
      isOpen: properties.size === 0 && rest === undefined && !schema.properties,
    };
  }

  #definition(reference: string): Schema {
    const name = reference.slice('#/definitions/'.length);
    const definition = this.#document.definitions[name];
    if (!definition) throw new Error(`The specification lacks ${reference}`);
    return definition;
  }

  #parameters(operation: Operation): Parameter[] {
    return operation.parameters.map(parameter => {
      if (!('$ref' in parameter)) return parameter;
      const name = parameter.$ref.slice('#/parameters/'.length);
      const found = this.#document.parameters[name];
      if (!found) throw new Error(`The specification lacks ${parameter.$ref}`);
      return found;
    });
  }

  #fits(path: string, operation: Operation, url: URL): boolean {
    const optional = this.#parameters(operation)
      .filter(parameter => parameter['x-ms-required'] === false)
      .map(({ name }) => name);
    const [pathname = ''] = path.split('?');
    const pattern = pathname.replace(/\/\{([^}]+)\}/g, (_, name: string) =>
      optional.includes(name) ? '(?:/[^/]+)?' : '/[^/]+',
    );
    return new RegExp(`^${pattern}$`, 'i').test(url.pathname);
  }

  #found(path: string, operation: Operation): FoundOperation {
    const parameters = this.#parameters(operation).filter(
      parameter => parameter.in === 'query',
    );
    return {
      path,
      parameters: new Set(parameters.map(({ name }) => name)),
      enums: new Map(
        parameters.flatMap(({ name, enum: values }) =>
          values ? [[name, values] as const] : [],
        ),
      ),
      schema: operation.responses['200']?.schema,
    };
  }
}

/** Where the documents lie; the README there says where they came from. */
export const SPECIFICATION = resolve(__dirname, '../../fixtures/specification');

/** The documents that concern what the simulator answers. */
export function loadSpecifications(): Specification[] {
  return [
    'git/7.1/git.json',
    'core/7.1/core.json',
    'search/7.1/search.json',
    'hooks/7.1/serviceHooks.json',
  ].map(file => new Specification(join(SPECIFICATION, file)));
}

export function read<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

function integerUpTo(limit: number) {
  return {
    type: 'number' as const,
    validate: (value: number) =>
      Number.isInteger(value) && Math.abs(value) <= limit,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
