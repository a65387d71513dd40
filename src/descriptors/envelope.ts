import {
  entityEnvelopeSchemaValidator,
  stringifyEntityRef,
  type Entity,
} from '@backstage/catalog-model';
import type { JsonValue } from '@backstage/types';
import { isObject } from '../json';
import { messageOf } from '../thrown';

/** Characters of an entity reference that the catalog's database holds. */
const MAX_REFERENCE_LENGTH = 255;

const validateEnvelope = entityEnvelopeSchemaValidator();

type ParsedEnvelope =
  | {
      readonly outcome: 'entity';
      readonly entity: Entity;
      readonly entityRef: string;
    }
  | { readonly outcome: 'rejected'; readonly message: string };

/**
 * Checks what the catalog checks before it stores anything of a mutation, and
 * what its database can hold: one entity beyond that would cost the whole
 * mutation. Everything else about an entity is for the catalog's processing to
 * judge, which reports it on the entity itself.
 */
export function parseEnvelope(value: JsonValue): ParsedEnvelope {
  let entity: Entity;
  try {
    entity = validateEnvelope(value);
  } catch (error) {
    return rejected(describeBadEnvelope(value, error));
  }
  const { annotations } = entity.metadata;
  if (
    annotations &&
    (typeof annotations !== 'object' || Array.isArray(annotations))
  ) {
    return rejected(
      `metadata.annotations is ${describe(annotations)}; expected an object of texts`,
    );
  }
  const entityRef = stringifyEntityRef(entity);
  if ([...entityRef].length > MAX_REFERENCE_LENGTH) {
    return rejected(
      `kind, metadata.namespace and metadata.name are too long: together the catalog holds ${MAX_REFERENCE_LENGTH - 2} characters of them`,
    );
  }
  if (/\0|\p{Surrogate}/u.test(entityRef)) {
    return rejected(
      'kind, metadata.namespace or metadata.name has a character that a database cannot hold (U+0000, or half of a surrogate pair)',
    );
  }
  return { outcome: 'entity', entity, entityRef };
}

function rejected(message: string): ParsedEnvelope {
  return { outcome: 'rejected', message };
}

/** The texts that every entity has, in the order in which the catalog looks at them. */
const TEXTS = [
  ['apiVersion'],
  ['kind'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
] as const;

function describeBadEnvelope(value: JsonValue, error: unknown): string {
  const metadata = member(value, 'metadata');
  for (const path of TEXTS) {
    const found = path.reduce<JsonValue | undefined>(member, value);
    const key = path.join('.');
    if (path.length === 2 && !isObject(metadata)) {
      return `metadata is ${describe(metadata)}; expected an object with a name`;
    }
    if (found === undefined && key !== 'metadata.namespace') {
      return `${key} is missing; every entity has one`;
    }
    if (typeof found === 'number' || typeof found === 'boolean') {
      return `${key} is ${describe(found)}; expected a text, so write it in quotes: '${found}'`;
    }
    if (found !== undefined && (typeof found !== 'string' || found === '')) {
      return `${key} is ${describe(found)}; expected a text`;
    }
  }
  return `the document is no entity: ${messageOf(error)}`;
}

function member(
  value: JsonValue | undefined,
  key: string,
): JsonValue | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (value === '') return 'an empty text';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return 'a text';
  return `a ${typeof value}`;
}
