import { FAULT_KINDS } from '../faults';
import type { Simulator } from '../simulator';
import type { Operation } from './operation';
import { describeOrganization, STATE_OPERATIONS } from './state';
import { TRAFFIC_OPERATIONS } from './traffic';

const ENTRA_OPERATIONS: Readonly<Record<string, Operation>> = {
  addApplication: {
    takes: ['tenantId', 'clientId', 'name', 'secret', 'consentedIn'],
    run: (simulator, args) => {
      const application = simulator.parts.entra.addApplication({
        tenantId: args.text('tenantId'),
        clientId: args.optionalText('clientId'),
        name: args.optionalText('name'),
        secret: args.optionalText('secret'),
        consentedIn: args.optionalTexts('consentedIn'),
      });
      return { clientId: application.clientId, identity: application.identity };
    },
  },
  setSystemAssignedIdentity: {
    takes: ['tenantId', 'clientId', 'objectId'],
    run: (simulator, args) =>
      simulator.parts.entra.metadata.setSystemAssigned({
        tenantId: args.text('tenantId'),
        clientId: args.optionalText('clientId'),
        objectId: args.optionalText('objectId'),
      }),
  },
  addUserAssignedIdentity: {
    takes: ['tenantId', 'clientId', 'objectId'],
    run: (simulator, args) =>
      simulator.parts.entra.metadata.addUserAssigned({
        tenantId: args.text('tenantId'),
        clientId: args.optionalText('clientId'),
        objectId: args.optionalText('objectId'),
      }),
  },
};

/** Everything that can be asked for, under the name that it has in TypeScript. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...STATE_OPERATIONS,
  ...TRAFFIC_OPERATIONS,
  ...ENTRA_OPERATIONS,
  describe: {
    takes: [],
    run: simulator => ({
      addresses: addressesOf(simulator),
      environment: simulator.environment,
      organizations: simulator.organizations.all().map(describeOrganization),
      operations: Object.fromEntries(
        Object.entries(OPERATIONS).map(([name, { takes }]) => [name, takes]),
      ),
      faultKinds: FAULT_KINDS,
    }),
  },
};

function addressesOf(simulator: Simulator) {
  const { proxyUrl, serverUrl, controlUrl, metadataUrl } = simulator;
  return {
    proxyUrl,
    serverUrl,
    controlUrl,
    metadataUrl,
    caCertificatePath: simulator.caCertificatePath,
  };
}
