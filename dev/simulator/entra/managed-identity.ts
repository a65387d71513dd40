import { guidOf } from '../model/names';
import { tenantIssuer } from './tokens';

export interface ManagedIdentityOptions {
  /** The tenant of the subscription that the machine belongs to. */
  readonly tenantId: string;
  /** Default: a GUID. */
  readonly clientId?: string;
}

/** A managed identity that is assigned to the simulated machine. */
export interface ManagedIdentity {
  readonly kind: 'system-assigned' | 'user-assigned';
  readonly tenantId: string;
  readonly objectId: string;
  readonly clientId: string;
  readonly resourceId: string;
  /** The name under which its requests are counted and granted access. */
  readonly identity: string;
  /** The record that an application needs in order to accept this identity's assertions. */
  readonly federatedCredential: { issuer: string; subject: string };
}

const SUBSCRIPTION = '/subscriptions/00000000-0000-4000-8000-000000000001';

/** The identity that the options describe; the same for the same options. */
export function managedIdentity(
  kind: ManagedIdentity['kind'],
  options: ManagedIdentityOptions,
): ManagedIdentity {
  const { tenantId } = options;
  const clientId =
    options.clientId?.toLowerCase() ?? guidOf(kind, tenantId, 'client');
  const objectId = guidOf('object', tenantId, clientId);
  return {
    kind,
    tenantId,
    objectId,
    clientId,
    resourceId: resourceId(kind, clientId),
    identity: `mi:${kind === 'system-assigned' ? objectId : clientId}`,
    federatedCredential: { issuer: tenantIssuer(tenantId), subject: objectId },
  };
}

function resourceId(kind: ManagedIdentity['kind'], name: string): string {
  const group = `${SUBSCRIPTION}/resourcegroups/catalog/providers`;
  return kind === 'system-assigned'
    ? `${group}/Microsoft.Compute/virtualMachines/backstage`
    : `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}
