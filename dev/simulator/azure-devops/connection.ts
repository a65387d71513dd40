import type { SimulatedResponse } from '../http';
import { nameKey, type Organization } from '../model';
import type { Call, EndpointRoute } from '../seams';
import { json } from './answers';
import { VERSIONS } from './versions';

export function connectionRoutes(): EndpointRoute[] {
  return [
    {
      endpoint: 'connectiondata',
      method: 'GET',
      template: 'connectiondata',
      project: 'none',
      scope: 'none',
      previewOnly: true,
      location: {
        id: '00d9565f-ed9c-4a06-9a50-00e7896ccab4',
        area: 'Location',
        resourceName: 'ConnectionData',
        routeTemplate: '_apis/{resource}',
      },
      handle: connectionData,
    },
  ];
}

function connectionData(call: Call): SimulatedResponse {
  const { organization, identity } = call;
  const { id, uniqueName, displayName } = identity;
  const user = {
    id,
    descriptor: `Microsoft.IdentityModel.Claims.ClaimsIdentity;${uniqueName}`,
    subjectDescriptor: `aad.${Buffer.from(id).toString('base64url')}`,
    providerDisplayName: displayName,
    isActive: true,
    properties: { Account: { $type: 'System.String', $value: uniqueName } },
  };
  return json(call, {
    authenticatedUser: user,
    authorizedUser: user,
    instanceId: organization.id,
    deploymentId: organization.id,
    deploymentType:
      organization.deployment === 'cloud' ? 'hosted' : 'onPremises',
    locationServiceData: {
      serviceOwner: '00025394-6065-48ca-87d9-7f5672854ef7',
      defaultAccessMappingMoniker: 'PublicAccessMapping',
      lastChangeId: 1,
      lastChangeId64: 1,
    },
  });
}

/** What client libraries get from `OPTIONS {base}/_apis[/{area}]`: ids, address templates and versions. */
export function locationsAnswer(
  routes: readonly EndpointRoute[],
  organization: Organization,
  area: string | undefined,
): SimulatedResponse {
  const { latest, released } = VERSIONS[organization.version];
  const value = routes.flatMap(({ location, previewOnly }) =>
    location && (area === undefined || nameKey(location.area) === nameKey(area))
      ? [
          {
            resourceVersion: 1,
            minVersion: '1.0',
            maxVersion: latest,
            // The library takes 0.0 for: only ever a preview.
            releasedVersion: previewOnly ? '0.0' : released,
            ...location,
          },
        ]
      : [],
  );
  return { status: 200, body: { count: value.length, value } };
}
