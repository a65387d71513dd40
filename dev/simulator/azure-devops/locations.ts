import type { SimulatedResponse } from '../http';
import { nameKey, type Organization } from '../model';
import type { EndpointRoute } from '../seams';
import { releasedVersion } from './versions';

/** What `OPTIONS {base}/_apis[/{area}]` tells client libraries: ids, address templates and versions. */
export function locationsAnswer(
  routes: readonly EndpointRoute[],
  organization: Organization,
  area: string | undefined,
): SimulatedResponse {
  const seen = new Set<string>();
  const value = [];
  for (const { location, previewOnly } of routes) {
    const isWanted =
      location &&
      !seen.has(location.id) &&
      (area === undefined || nameKey(location.area) === nameKey(area));
    if (isWanted) {
      seen.add(location.id);
      value.push({
        id: location.id,
        area: location.area,
        resourceName: location.resourceName,
        routeTemplate: location.routeTemplate,
        resourceVersion: location.resourceVersion ?? 1,
        minVersion: location.minVersion ?? '1.0',
        maxVersion: organization.apiVersion,
        // The library takes 0.0 for: only ever a preview.
        releasedVersion: previewOnly
          ? '0.0'
          : (location.releasedVersion ?? releasedVersion(organization)),
      });
    }
  }
  return { status: 200, body: { count: value.length, value } };
}
