// Provisional, until the owner of this folder replaces it.
import { createHash } from 'node:crypto';
import { stringifyEntityRef, type Entity } from '@backstage/catalog-model';

export function errorLocation(options: {
  target: string;
  errors: readonly string[];
}): { entity: Entity; entityRef: string } {
  const entity: Entity = {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Location',
    metadata: {
      name: `azure-devops-${createHash('sha1').update(options.target).digest('hex')}`,
      annotations: {
        'backstage.io/managed-by-location': `url:${options.target}`,
        'backstage.io/managed-by-origin-location': `url:${options.target}`,
      },
    },
    spec: { type: 'url', targets: [] },
  };
  return { entity, entityRef: stringifyEntityRef(entity) };
}
