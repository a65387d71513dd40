import {
  apiEntityV1alpha1Validator,
  componentEntityV1alpha1Validator,
  DefaultNamespaceEntityPolicy,
  domainEntityV1alpha1Validator,
  EntityPolicies,
  FieldFormatEntityPolicy,
  groupEntityV1alpha1Validator,
  locationEntityV1alpha1Validator,
  NoForeignRootFieldsEntityPolicy,
  parseEntityRef,
  resourceEntityV1alpha1Validator,
  SchemaValidEntityPolicy,
  systemEntityV1alpha1Validator,
  userEntityV1alpha1Validator,
  type Entity,
} from '@backstage/catalog-model';
import { messageOf } from '../thrown';

/** What the catalog enforces of every entity, in its order. */
const POLICY = EntityPolicies.allOf([
  new SchemaValidEntityPolicy(),
  new DefaultNamespaceEntityPolicy(),
  new NoForeignRootFieldsEntityPolicy(),
  new FieldFormatEntityPolicy(),
]);

/** Of the kinds that every catalog knows. */
const VALIDATORS = [
  apiEntityV1alpha1Validator,
  componentEntityV1alpha1Validator,
  resourceEntityV1alpha1Validator,
  groupEntityV1alpha1Validator,
  locationEntityV1alpha1Validator,
  userEntityV1alpha1Validator,
  systemEntityV1alpha1Validator,
  domainEntityV1alpha1Validator,
];

/** The fields of `spec` that refer to other entities, and the kind that is meant where none is written. */
const REFERENCES: ReadonlyArray<readonly [string, string | undefined]> = [
  ['owner', 'Group'],
  ['system', 'System'],
  ['domain', 'Domain'],
  ['subdomainOf', 'Domain'],
  ['subcomponentOf', 'Component'],
  ['providesApis', 'API'],
  ['consumesApis', 'API'],
  ['dependsOn', undefined],
  ['dependencyOf', undefined],
  ['memberOf', 'Group'],
  ['members', 'User'],
  ['parent', 'Group'],
  ['children', 'Group'],
];

type ModelCheck =
  | { readonly outcome: 'valid' | 'unknown-kind' }
  /** A sentence without the reference and without a full stop. */
  | { readonly outcome: 'invalid'; readonly message: string };

/**
 * Whether the catalog's processing takes an entity, which is decided after it was
 * stored: an entity that fails shows an error, or does not show at all.
 *
 * @param entity - with its placeholders replaced
 */
export async function checkModel(entity: Entity): Promise<ModelCheck> {
  try {
    const enforced = await POLICY.enforce(structuredClone(entity));
    for (const validator of VALIDATORS) {
      if (await validator.check(enforced ?? entity)) {
        checkReferences(entity);
        return { outcome: 'valid' };
      }
    }
    return { outcome: 'unknown-kind' };
  } catch (error) {
    return { outcome: 'invalid', message: inShort(error) };
  }
}

/** The words of the catalog's model, or of its schema shorter: `/spec must have required property 'owner' - missingProperty: owner`. */
function inShort(error: unknown): string {
  const text = messageOf(error);
  const message = text.replace(/\.?\s*$/, '');
  const [, pointer, rule = ''] =
    /^(\/\S*|<root>) (must .*?)(?: - \w+: .*)?$/s.exec(message) ?? [];
  if (pointer === undefined) return message;
  const keys = pointer.split('/').slice(1);
  const missing = /^must have required property '(.*)'$/.exec(rule)?.[1];
  return missing === undefined
    ? `${keys.join('.') || 'the entity'} ${rule}`
    : `${[...keys, missing].join('.')} is missing`;
}

function checkReferences({ kind, metadata, spec }: Entity): void {
  if (kind === 'Location') return;
  for (const [field, defaultKind] of REFERENCES) {
    for (const reference of [spec?.[field]].flat()) {
      if (typeof reference !== 'string') continue;
      try {
        parseEntityRef(reference, {
          defaultKind,
          defaultNamespace: metadata.namespace ?? 'default',
        });
      } catch (error) {
        throw new Error(`spec.${field}: ${(error as Error).message}`);
      }
    }
  }
}
