import { serviceError } from '../errors';
import type { SimulatedRequest, SimulatedResponse } from '../http';
import type { Organization } from '../model';
import type { ApiVersion } from '../seams';

const VERSION = /^(\d+)\.(\d+)(-preview(?:\.(\d+))?)?$/i;
const IN_HEADER = /(?:^|;)\s*api-version=([^;,\s]+)/i;

/** Azure DevOps Services offers its latest version as a preview alone. */
const LATEST_PREVIEW = '7.2';

/** The latest version that an organization offers without `-preview`. */
export function releasedVersion(organization: Organization): string {
  return organization.deployment === 'cloud' &&
    organization.apiVersion === LATEST_PREVIEW
    ? '7.1'
    : organization.apiVersion;
}

/** The version that a request asks for: in the query, or as a parameter of `Accept` or of `Content-Type`. */
export function requestedVersion(
  request: SimulatedRequest,
  query: (name: string) => string | undefined,
): string | undefined {
  return (
    query('api-version') ??
    IN_HEADER.exec(request.headers['accept'] ?? '')?.[1] ??
    IN_HEADER.exec(request.headers['content-type'] ?? '')?.[1]
  );
}

/** The version that a request is answered in, or why it is not answered. */
export function negotiateVersion(options: {
  readonly requested: string | undefined;
  readonly method: string;
  readonly previewOnly: boolean;
  readonly organization: Organization;
}): ApiVersion | SimulatedResponse {
  const { requested, method, previewOnly, organization } = options;
  const released = releasedVersion(organization);
  if (requested === undefined) {
    if (method === 'POST') {
      return serviceError(
        400,
        'VssVersionNotSpecifiedException',
        `No api-version was supplied for the "${method}" request. The version must be supplied either as part of the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter (e.g. "?api-version=1.0").`,
      );
    }
    return parse(released) ?? { major: 1, minor: 0, isPreview: false };
  }
  const version = parse(requested);
  if (!version) {
    return serviceError(
      400,
      'VssInvalidApiResourceVersionException',
      `The api-version '${requested}' is not valid. Expected major.minor, with -preview for a version that is under preview.`,
    );
  }
  if (isLater(version, organization.apiVersion)) {
    return serviceError(
      400,
      'VssVersionOutOfRangeException',
      `The requested REST API version of ${version.major}.${version.minor} is out of range for this server. The latest REST API version this server supports is ${organization.apiVersion}.`,
    );
  }
  if (!version.isPreview && (previewOnly || isLater(version, released))) {
    return serviceError(
      400,
      'VssInvalidPreviewVersionException',
      `The requested version "${requested}" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: "${requested}-preview"`,
    );
  }
  return version;
}

/** Whether an answer's shape includes what came with a version. */
export function atLeast(
  version: ApiVersion,
  major: number,
  minor: number,
): boolean {
  return (
    version.major > major || (version.major === major && version.minor >= minor)
  );
}

export function formatVersion(version: ApiVersion): string {
  const { major, minor, isPreview, revision } = version;
  const preview = isPreview
    ? `-preview${revision === undefined ? '' : `.${revision}`}`
    : '';
  return `${major}.${minor}${preview}`;
}

function parse(text: string): ApiVersion | undefined {
  const match = VERSION.exec(text);
  return (
    (match && {
      major: Number(match[1]),
      minor: Number(match[2]),
      isPreview: match[3] !== undefined,
      revision: match[4] === undefined ? undefined : Number(match[4]),
    }) ??
    undefined
  );
}

function isLater(version: ApiVersion, limit: string): boolean {
  const other = parse(limit);
  return (
    other !== undefined &&
    (version.major > other.major ||
      (version.major === other.major && version.minor > other.minor))
  );
}
