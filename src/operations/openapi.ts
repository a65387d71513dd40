import type { JsonObject } from '@backstage/types';
import { INGESTION_PERMISSIONS } from '../backstage';
import type { Field, Operation } from './operation';

/** How every plugin of Backstage answers when something is wrong. */
const ERROR: JsonObject = {
  type: 'object',
  required: ['error', 'response'],
  properties: {
    error: {
      type: 'object',
      required: ['name', 'message'],
      properties: {
        name: { type: 'string' },
        message: {
          type: 'string',
          description: 'What was expected, and what to do',
        },
      },
    },
    response: {
      type: 'object',
      required: ['statusCode'],
      properties: { statusCode: { type: 'integer' } },
    },
  },
};

const ERRORS: Readonly<Record<string, string>> = {
  400: 'Something is wrong with what was given',
  401: 'Without credentials',
  403: 'Without the permission',
  404: 'There is no such thing',
  409: 'It is done already, or under way',
  503: 'It cannot be done now: the message has the reason, and what to do',
};

/** The OpenAPI document of these operations. */
export function describeOperations(
  operations: readonly Operation[],
): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const operation of operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: describeOperation(operation),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ingestion from Azure DevOps',
      version: '1.0.0',
      description:
        'What backstage-plugin-catalog-backend-module-azure-devops found, skipped, rejected and held back, and the levers for it',
    },
    servers: [{ url: '/api/catalog/azure-devops' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of Backstage: of a user, or for external access',
        },
      },
      schemas: { Error: ERROR },
      responses: Object.fromEntries(
        Object.entries(ERRORS).map(([status, description]) => [
          `Error${status}`,
          {
            description,
            content: {
              'application/json': {
                schema: { $ref: '#/components/schemas/Error' },
              },
            },
          },
        ]),
      ),
    },
  };
}

function describeOperation(operation: Operation): JsonObject {
  const { id, title, description, permission, answer } = operation;
  const fields = Object.entries(operation.input);
  const inBody = fields.filter(([, field]) => field.in === 'body');
  return {
    operationId: id,
    summary: title,
    description: `${description}\n\nTakes the permission \`${INGESTION_PERMISSIONS[permission].name}\`.`,
    parameters: fields
      .filter(([, field]) => field.in !== 'body')
      .map(([name, field]) => ({
        name,
        in: field.in,
        required: field.isRequired ?? false,
        description: field.description,
        schema: schemaOf(field),
      })),
    ...(inBody.length > 0
      ? { requestBody: { content: json(bodyOf(inBody)) } }
      : {}),
    responses: {
      200: { description: title, content: json(answer) },
      ...Object.fromEntries(
        Object.keys(ERRORS).map(status => [
          status,
          { $ref: `#/components/responses/Error${status}` },
        ]),
      ),
    },
  };
}

function json(schema: JsonObject): JsonObject {
  return { 'application/json': { schema } };
}

function bodyOf(fields: ReadonlyArray<readonly [string, Field]>): JsonObject {
  return {
    type: 'object',
    additionalProperties: false,
    required: fields
      .filter(([, { isRequired }]) => isRequired)
      .map(([name]) => name),
    properties: Object.fromEntries(
      fields.map(([name, field]) => [
        name,
        { ...schemaOf(field), description: field.description },
      ]),
    ),
  };
}

function schemaOf({ type, minimum, maximum, example }: Field): JsonObject {
  return {
    type,
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(example === undefined ? {} : { examples: [example] }),
  };
}
