import { createHash } from 'node:crypto';
import {
  ANNOTATION_LOCATION,
  ANNOTATION_ORIGIN_LOCATION,
  stringifyEntityRef,
  type Entity,
} from '@backstage/catalog-model';

/** Unlike the `generated-` of registered locations, which the catalog would take for the same. */
const NAME_PREFIX = 'azure-devops-errors-';

/** Marks the entity, and changes with the errors, so that the catalog processes it anew when they do. */
const ANNOTATION_ERRORS = 'azure-devops-catalog/errors';

/** How many errors a description spells out, and how long it gets, in characters. */
const MAX_ERRORS = 5;
const MAX_LENGTH = 1_000;

/**
 * The Location entity that shows in the catalog which documents of a file were
 * rejected. It has no targets: the catalog would read them again and again.
 */
export function errorLocation(options: {
  /** The file's canonical URL. */
  target: string;
  /** One line for each rejected document. */
  errors: readonly string[];
}): { entity: Entity; entityRef: string } {
  const { target, errors } = options;
  const location = `url:${target}`;
  const entity: Entity = {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Location',
    metadata: {
      name: `${NAME_PREFIX}${createHash('sha1').update(location).digest('hex')}`,
      title: `Errors in ${target}`.slice(0, MAX_LENGTH),
      description: errors.slice(0, MAX_ERRORS).join('\n').slice(0, MAX_LENGTH),
      annotations: {
        [ANNOTATION_LOCATION]: location,
        [ANNOTATION_ORIGIN_LOCATION]: location,
        [ANNOTATION_ERRORS]: createHash('sha256')
          .update(JSON.stringify(errors))
          .digest('hex')
          .slice(0, 16),
      },
    },
    spec: { type: 'url', targets: [] },
  };
  return { entity, entityRef: stringifyEntityRef(entity) };
}

/** Whether a reference is of the names that are kept for these Locations, in any file. */
export function isErrorLocationRef(entityRef: string): boolean {
  return entityRef.startsWith(`location:default/${NAME_PREFIX}`);
}

/** Whether an entity looks like one that {@link errorLocation} made: a file could declare the same. */
export function isErrorLocation(entity: Entity): boolean {
  return (
    entity.kind === 'Location' &&
    entity.metadata.name.startsWith(NAME_PREFIX) &&
    entity.metadata.annotations?.[ANNOTATION_ERRORS] !== undefined
  );
}
