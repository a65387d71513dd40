// Provisional, until the owner of this folder replaces it.
import { stringifyEntityRef, type Entity } from '@backstage/catalog-model';
import { parseEntityYaml } from '@backstage/plugin-catalog-node';
import type { CatalogRules } from './rules';
import type { DescriptorReading, DocumentReading } from './types';

export function readDescriptor(options: {
  content: string;
  target: string;
  rules: CatalogRules;
  enableYamlMerge: boolean;
}): DescriptorReading {
  const location = { type: 'url', target: options.target };
  const documents: DocumentReading[] = [];
  let index = 0;
  for (const result of parseEntityYaml(Buffer.from(options.content), location)) {
    const at = index++;
    if (result.type !== 'entity') {
      documents.push({ outcome: 'refused', index: at, reason: 'syntax', message: 'it cannot be read' });
      continue;
    }
    try {
      const entityRef = stringifyEntityRef(result.entity);
      if (!options.rules.isAllowed(result.entity, location)) {
        documents.push({ outcome: 'refused', index: at, reason: 'rules', entityRef, message: 'the rules forbid it' });
        continue;
      }
      const entity: Entity = {
        ...result.entity,
        metadata: {
          ...result.entity.metadata,
          annotations: {
            ...result.entity.metadata.annotations,
            'backstage.io/managed-by-location': `url:${options.target}`,
            'backstage.io/managed-by-origin-location': `url:${options.target}`,
          },
        },
      };
      documents.push({ outcome: 'entity', index: at, entityRef, entity });
    } catch {
      documents.push({ outcome: 'refused', index: at, reason: 'envelope', message: 'it is no entity' });
    }
  }
  return { documents };
}
