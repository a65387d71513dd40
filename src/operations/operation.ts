import type {
  AuditorServiceCreateEventOptions,
  BackstageCredentials,
  PermissionsService,
} from '@backstage/backend-plugin-api';
import { InputError, NotAllowedError } from '@backstage/errors';
import type { JsonObject } from '@backstage/types';
import { INGESTION_PERMISSIONS } from '../backstage';

/** One value that an operation takes. */
export interface Field {
  readonly in: 'query' | 'path' | 'body';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
  readonly example?: string | number;
  readonly isRequired?: boolean;
  /** Of an integer. */
  readonly minimum?: number;
  readonly maximum?: number;
}

/** The values that an operation was given, by name. */
export type Input = Readonly<
  Record<string, string | number | boolean | undefined>
>;

/** Who asks. */
interface Caller {
  readonly credentials: BackstageCredentials;
  /** Where it came by HTTP. */
  readonly request?: AuditorServiceCreateEventOptions['request'];
}

/**
 * Something that an operator can ask or do. Each is a route of the HTTP API, a
 * path of its OpenAPI document and, where Backstage has the registry, an action.
 */
export interface Operation {
  /** Within the OpenAPI document. */
  readonly id: string;
  readonly method: 'get' | 'post';
  /** As in OpenAPI, below `/api/catalog/azure-devops`. */
  readonly path: string;
  readonly title: string;
  readonly description: string;
  readonly permission: keyof typeof INGESTION_PERMISSIONS;
  /** Whether it removes something. What does not is the same done twice as once. Default: false. */
  readonly removes?: boolean;
  /** The name of the action. */
  readonly action: string;
  readonly input: Readonly<Record<string, Field>>;
  /** The JSON schema of the answer. */
  readonly answer: JsonObject;
  /** @returns what is to be sent as JSON. @throws an error of `@backstage/errors`, for the caller */
  run(input: Input, caller: Caller): Promise<object>;
}

/** @throws NotAllowedError without the permission */
export async function authorize(
  permissions: PermissionsService,
  credentials: BackstageCredentials,
  { permission: name }: Pick<Operation, 'permission'>,
): Promise<void> {
  const permission = INGESTION_PERMISSIONS[name];
  const [decision] = await permissions.authorize([{ permission }], {
    credentials,
  });
  if (decision?.result !== 'ALLOW') {
    throw new NotAllowedError(
      `This takes the permission ${permission.name}. What to do: ask whoever keeps the permission policy of this Backstage, ` +
        'or the access restrictions of the token, to allow it',
    );
  }
}

/**
 * Reads what an operation was given, from whichever place.
 *
 * @throws InputError that names the field
 */
export function readInput(
  fields: Operation['input'],
  given: Readonly<Record<string, unknown>>,
): Input {
  const unknown = Object.keys(given).filter(
    name => !Object.hasOwn(fields, name),
  );
  if (unknown.length > 0) {
    throw new InputError(
      `Expected ${listOf(Object.keys(fields))}, got '${unknown.join("', '")}'`,
    );
  }
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      readField(name, field, given[name]),
    ]),
  );
}

function readField(
  name: string,
  field: Field,
  value: unknown,
): string | number | boolean | undefined {
  if (value === undefined || value === '') {
    if (field.isRequired) {
      throw new InputError(`Expected '${name}': ${field.description}`);
    }
    return undefined;
  }
  if (field.type === 'string') {
    if (typeof value !== 'string') {
      throw new InputError(
        `Expected '${name}' once and as a text: ${field.description}`,
      );
    }
    // PostgreSQL stores no text that has it.
    if (value.includes('\0')) {
      throw new InputError(
        `Expected '${name}' without the character NUL: ${field.description}`,
      );
    }
    return value;
  }
  if (field.type === 'boolean') {
    if (!['true', 'false'].includes(String(value))) {
      throw new InputError(
        `Expected '${name}' to be true or false: ${field.description}`,
      );
    }
    return String(value) === 'true';
  }
  const number = typeof value === 'string' ? Number(value) : value;
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = field;
  if (
    typeof number !== 'number' ||
    !Number.isInteger(number) ||
    number < minimum ||
    number > maximum
  ) {
    throw new InputError(
      `Expected '${name}' to be an integer from ${minimum} to ${maximum}: ${field.description}`,
    );
  }
  return number;
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'no input' : `only '${names.join("', '")}'`;
}
