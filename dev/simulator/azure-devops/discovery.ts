import type { SimulatedResponse } from '../http';
import { nameKey, type Identity } from '../model';
import type { Call, EndpointRoute } from '../seams';
import { json } from './answers';

interface ResourceArea {
  readonly id: string;
  readonly name: string;
}

const AREAS: readonly ResourceArea[] = [
  { id: '4e080c62-fa21-4fbc-8fef-2a10a2b38049', name: 'git' },
  { id: '79134c72-4a58-4b42-976c-04e7115f32bf', name: 'core' },
  { id: '7658fa33-b1bf-4580-990f-fac5896773d3', name: 'projectanalysis' },
  { id: 'ea48a0a1-269c-42d8-b8ad-ddc8fcdcf578', name: 'search' },
];

export function discoveryRoutes(): EndpointRoute[] {
  const areas = {
    endpoint: 'resourceareas',
    method: 'GET',
    project: 'none',
    scope: 'none',
  } as const;
  return [
    {
      ...areas,
      template: 'resourceareas',
      location: {
        id: 'e81700f7-3be2-46de-8624-2eb35882fcaa',
        area: 'Location',
        resourceName: 'ResourceAreas',
        routeTemplate: '_apis/{resource}/{areaId}',
      },
      handle: resourceAreas,
    },
    { ...areas, template: 'resourceareas/{areaId}', handle: resourceArea },
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

/** A Server says that it has none, by which client libraries know it. */
function resourceAreas(call: Call): SimulatedResponse {
  return call.organization.deployment === 'server'
    ? json(call, { count: 0, value: null })
    : json(call, {
        count: AREAS.length,
        value: AREAS.map(area => areaShape(area, call)),
      });
}

function resourceArea(call: Call): SimulatedResponse {
  const id = nameKey(call.parameters['areaId'] ?? '');
  const area = AREAS.find(each => each.id === id);
  return json(
    call,
    area && call.organization.deployment === 'cloud'
      ? areaShape(area, call)
      : null,
  );
}

function areaShape({ id, name }: ResourceArea, call: Call) {
  const organization = encodeURIComponent(call.organization.name);
  return {
    id,
    name,
    locationUrl:
      name === 'search'
        ? `https://almsearch.dev.azure.com/${organization}/`
        : `${call.baseUrl}/`,
  };
}

function connectionData(call: Call): SimulatedResponse {
  const { organization, identity } = call;
  const user = userShape(identity);
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

function userShape(identity: Identity) {
  return {
    id: identity.id,
    descriptor: `Microsoft.IdentityModel.Claims.ClaimsIdentity;${identity.uniqueName}`,
    subjectDescriptor: `aad.${Buffer.from(identity.id).toString('base64url')}`,
    providerDisplayName: identity.displayName,
    isActive: true,
    properties: {
      Account: { $type: 'System.String', $value: identity.uniqueName },
    },
  };
}
