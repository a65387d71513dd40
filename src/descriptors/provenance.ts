import {
  ANNOTATION_LOCATION,
  ANNOTATION_ORIGIN_LOCATION,
  type Entity,
} from '@backstage/catalog-model';

/**
 * The entity as it comes from a location: both location annotations are the
 * file's URL, whatever the file says. From them the catalog reads relative
 * placeholders such as `$text: ./file` and applies its rules, so that they must
 * not be the file's to choose. Everything else is the file's business.
 *
 * @param target - the file's canonical URL
 */
export function withProvenance(entity: Entity, target: string): Entity {
  const location = `url:${target}`;
  return {
    ...entity,
    metadata: {
      ...entity.metadata,
      annotations: {
        ...entity.metadata.annotations,
        [ANNOTATION_LOCATION]: location,
        [ANNOTATION_ORIGIN_LOCATION]: location,
      },
    },
  };
}
