import type {
  LoggerService,
  PermissionsService,
} from '@backstage/backend-plugin-api';
import type { ActionsRegistryService } from '@backstage/backend-plugin-api/alpha';
import type { JsonObject } from '@backstage/types';
import { INGESTION_PERMISSIONS } from '../backstage';
import { authorize, readInput, type Field, type Operation } from './operation';

type Schema = Parameters<ActionsRegistryService['register']>[0]['schema'];
/** Of the registry's own version. */
type Zod = Parameters<Schema['input']>[0];

/**
 * Registers the operations as actions, for agents and whatever else invokes them. The
 * registry is alpha: one that refuses an action costs that action, and not the start.
 */
export function registerActions(
  registry: ActionsRegistryService,
  operations: readonly Operation[],
  permissions: PermissionsService,
  logger: LoggerService,
): void {
  const register = (operation: Operation) =>
    registry.register({
      name: operation.action,
      title: operation.title,
      description: operation.description,
      attributes: {
        readOnly: operation.method === 'get',
        destructive: operation.removes ?? false,
        idempotent: !operation.removes,
      },
      visibilityPermission: INGESTION_PERMISSIONS[operation.permission],
      schema: {
        input: zod => inputSchema(zod, operation.input),
        output: zod => zod.object({}).passthrough(),
      },
      async action({ input, credentials }) {
        // Older versions of the registry know nothing of `visibilityPermission`.
        await authorize(permissions, credentials, operation);
        const given = readInput(operation.input, input);
        return { output: plain(await operation.run(given, { credentials })) };
      },
    });
  for (const operation of operations) {
    try {
      register(operation);
    } catch (error) {
      logger.warn(
        `The action ${operation.action} is not there, since this Backstage does not take it: ${String(error)}`,
      );
    }
  }
}

function inputSchema(zod: Zod, fields: Operation['input']) {
  return zod.object(
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        fieldSchema(zod, field),
      ]),
    ),
  );
}

function fieldSchema(zod: Zod, field: Field) {
  const schema = {
    string: () => zod.string(),
    integer: () => zod.number().int(),
    boolean: () => zod.boolean(),
  }[field.type]();
  const described = schema.describe(field.description);
  return field.isRequired ? described : described.optional();
}

/** As it is after a way through JSON: without what is `undefined`. */
function plain(answer: object): JsonObject {
  return JSON.parse(JSON.stringify(answer)) as JsonObject;
}
