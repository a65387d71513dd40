import type { SimulatedResponse } from '../http';
import type { Project } from '../model';
import type { Call, EndpointRoute } from '../seams';
import { jsonList, wholeNumber } from './answers';
import { badParameter } from './failures';
import { projectShape } from './shapes';

/** What the service gives when no number was asked for; accounts of it differ. */
const DEFAULT_TOP = 100;

const STATES: readonly string[] = [
  'all',
  'wellformed',
  'createpending',
  'deleting',
  'new',
  'unchanged',
  'deleted',
];

export function projectRoutes(): EndpointRoute[] {
  return [
    {
      endpoint: 'projects',
      method: 'GET',
      project: 'none',
      scope: 'vso.project',
      template: 'projects',
      location: {
        id: '603fe2ac-9723-48b9-88ad-09305aa6c6e1',
        area: 'core',
        resourceName: 'projects',
        routeTemplate: '_apis/{resource}/{*projectId}',
        resourceVersion: 4,
      },
      handle: list,
    },
  ];
}

function list(call: Call): SimulatedResponse {
  const filter = (call.query('stateFilter') ?? 'wellFormed').toLowerCase();
  if (!STATES.includes(filter)) {
    throw badParameter('stateFilter', filter);
  }
  const access = call.organization.access(call.identity);
  const visible: Project[] = [];
  // `all` means all but the deleted ones.
  const projects =
    filter === 'deleted'
      ? call.organization.deletedProjects()
      : call.organization.projects();
  for (const project of projects) {
    const isWanted = filter === 'all' || project.state.toLowerCase() === filter;
    if (isWanted && access?.canReadProject(project)) {
      visible.push(project);
    }
  }
  // So far the token has always been the number of projects already given.
  const start =
    wholeNumber(call, 'continuationToken') ?? wholeNumber(call, '$skip') ?? 0;
  const top = wholeNumber(call, '$top') ?? DEFAULT_TOP;
  const end = start + top;
  return jsonList(
    call,
    visible
      .slice(start, end)
      .map(project => projectShape(project, call.baseUrl)),
    end < visible.length ? { 'x-ms-continuationtoken': String(end) } : {},
  );
}
