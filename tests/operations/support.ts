import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import type { JsonObject } from '@backstage/types';
import type { CatalogOptions, TestCatalog } from '../support/backend';

/** Tokens for external access, and what each may do. */
export const TOKENS = {
  anything: 'a-token-of-the-tests-for-anything',
  reader: 'a-token-of-the-tests-that-reads',
  manager: 'a-token-of-the-tests-that-manages',
  other: 'a-token-of-the-tests-for-something-else',
} as const;

/** A schedule: as it is kept in the database, for all replicas. */
export const TOMORROW = {
  frequency: { hours: 24 },
  initialDelay: { hours: 24 },
  timeout: { minutes: 30 },
};

/** Under `backend.startup`: a provider with a mistake in its block does not keep the others from starting. */
export const DESPITE_MISTAKES = {
  plugins: {
    catalog: {
      modules: {
        'azure-devops-entity-provider': {
          onPluginModuleBootFailure: 'continue',
        },
      },
    },
  },
};

const READ = 'catalog.ingestion.read';
const MANAGE = 'catalog.ingestion.manage';

/** The configuration of a backend that asks for a token and a permission. */
export function guarded(options: CatalogOptions): CatalogOptions {
  const access = (token: keyof typeof TOKENS, permission?: string[]) => ({
    type: 'static',
    options: { token: TOKENS[token], subject: `tests-${token}` },
    ...(permission
      ? { accessRestrictions: [{ plugin: 'catalog', permission }] }
      : {}),
  });
  return {
    ...options,
    token: TOKENS.anything,
    config: {
      ...options.config,
      backend: {
        ...(options.config?.backend as JsonObject | undefined),
        auth: {
          externalAccess: [
            access('anything'),
            access('reader', [READ]),
            access('manager', [READ, MANAGE]),
            access('other', ['catalog.entity.read']),
          ],
        },
      },
      permission: { enabled: true },
    },
  };
}

export interface Answer {
  readonly status: number;
  // What a test expects of it, it says.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

/** A client of the HTTP API that takes no answer that the OpenAPI document does not describe. */
export class Api {
  readonly #ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ },
  });
  readonly #validators = new Map<string, ValidateFunction>();
  #document: JsonObject | undefined;

  constructor(
    private readonly catalog: TestCatalog,
    /** `null`: without. */
    private readonly token: keyof typeof TOKENS | null = 'manager',
  ) {}

  async get(path: string): Promise<Answer> {
    return await this.#ask('get', path);
  }

  async post(path: string, body?: unknown): Promise<Answer> {
    return await this.#ask('post', path, body);
  }

  async document(): Promise<JsonObject> {
    this.#document ??= (await this.#fetch('get', '/openapi.json'))
      .body as JsonObject;
    return this.#document;
  }

  async #ask(
    method: 'get' | 'post',
    path: string,
    body?: unknown,
  ): Promise<Answer> {
    const answer = await this.#fetch(method, path, body);
    const { status } = answer;
    if (status === 500) {
      throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    }
    const validate = await this.#validator(method, path, status);
    if (!validate(answer.body)) {
      throw new Error(
        `${method} ${path} answered ${status} otherwise than described: ${this.#ajv.errorsText(validate.errors)}\n${JSON.stringify(answer.body, undefined, 2)}`,
      );
    }
    return answer;
  }

  async #fetch(
    method: 'get' | 'post',
    path: string,
    body?: unknown,
  ): Promise<Answer> {
    const response = await fetch(
      `${this.catalog.baseUrl}/api/catalog/azure-devops${path}`,
      {
        method: method.toUpperCase(),
        headers: {
          ...(this.token
            ? { authorization: `Bearer ${TOKENS[this.token]}` }
            : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body:
          body === undefined || typeof body === 'string'
            ? body
            : JSON.stringify(body),
      },
    );
    return { status: response.status, body: await response.json() };
  }

  /** By the path of the document that the given one is an instance of. */
  async #validator(
    method: string,
    path: string,
    status: number,
  ): Promise<ValidateFunction> {
    const document = await new Api(this.catalog, 'reader').document();
    const [pathname = ''] = path.split('?');
    const template = Object.keys(document.paths as JsonObject).find(it =>
      new RegExp(`^${it.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
    );
    const escape = (text: string) =>
      text.replaceAll('~', '~0').replaceAll('/', '~1');
    const pointer = ['paths', template ?? '', method, 'responses', status]
      .map(part => encodeURIComponent(escape(String(part))))
      .join('/');
    const key = `${method} ${template} ${status}`;
    const found = this.#validators.get(key);
    if (found) return found;
    if (!this.#ajv.getSchema('api')) {
      this.#ajv.addSchema({ ...document, $id: 'api' });
    }
    const compiled = this.#ajv.compile({
      $ref:
        status !== 200
          ? `api#/components/responses/Error${status}/content/application~1json/schema`
          : `api#/${pointer}/content/application~1json/schema`,
    });
    this.#validators.set(key, compiled);
    return compiled;
  }
}

/** What the audit log of a backend has of one kind of event. */
export function auditOf(
  { logs }: TestCatalog,
  eventId: string,
  status?: 'initiated' | 'succeeded',
): unknown[] {
  return logs
    .filter(({ message }) => message === `catalog.${eventId}`)
    .map(({ meta }) => meta)
    .filter(
      meta =>
        status === undefined ||
        (meta as { status?: string } | undefined)?.status === status,
    );
}

/** The actions of the catalog, as whoever runs agents lists and invokes them. */
export function actionsOf({ baseUrl }: TestCatalog) {
  const ask = async (
    path: string,
    token: keyof typeof TOKENS,
    init: RequestInit,
  ): Promise<Answer> => {
    const response = await fetch(
      `${baseUrl}/api/catalog/.backstage/actions/v1/actions${path}`,
      {
        ...init,
        headers: {
          authorization: `Bearer ${TOKENS[token]}`,
          'content-type': 'application/json',
        },
      },
    );
    return { status: response.status, body: await response.json() };
  };
  return {
    async list(token: keyof typeof TOKENS = 'manager') {
      const { body } = await ask('', token, {});
      return body.actions as Array<{ name: string; attributes: object }>;
    },
    async invoke(
      name: string,
      input: object,
      token: keyof typeof TOKENS = 'manager',
    ) {
      const id = encodeURIComponent(`catalog:${name}`);
      return await ask(`/${id}/invoke`, token, {
        method: 'POST',
        body: JSON.stringify(input),
      });
    },
  };
}
