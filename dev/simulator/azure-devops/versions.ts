import { ErrorAnswer, serviceError } from '../errors';
import type { SimulatedRequest } from '../http';
import type { Organization, ServiceVersion } from '../model';
import type { ApiVersion } from '../seams';

/**
 * The versions of the interface: the latest that each offers, and the latest
 * without `-preview`. Services have 7.2 as a preview; Server 2022 with Update 1
 * has 7.1, Server 2019 with Update 1 has 5.1.
 */
export const VERSIONS: Readonly<
  Record<ServiceVersion, { readonly latest: string; readonly released: string }>
> = {
  services: { latest: '7.2', released: '7.1' },
  'server-2022': { latest: '7.1', released: '7.1' },
  'server-2019': { latest: '5.1', released: '5.1' },
};

const VERSION = /^(\d+\.\d+)(-preview(?:\.\d+)?)?$/i;
const IN_HEADER = /(?:^|;)\s*api-version=([^;,\s]+)/i;

/** The version that a request is answered in, or why it is not answered. */
export function versionOf(
  request: SimulatedRequest,
  query: (name: string) => string | undefined,
  organization: Organization,
  previewOnly = false,
): ApiVersion {
  const { latest, released } = VERSIONS[organization.version];
  const text =
    query('api-version') ??
    IN_HEADER.exec(request.headers['accept'] ?? '')?.[1] ??
    IN_HEADER.exec(request.headers['content-type'] ?? '')?.[1];
  if (text === undefined) {
    if (request.method === 'POST') {
      throw badRequest(
        'VssVersionNotSpecifiedException',
        'No api-version was supplied for the "POST" request. The version must be supplied either as part of the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter (e.g. "?api-version=1.0").',
      );
    }
    return { number: Number(released), text: released };
  }
  const [, number, preview] = VERSION.exec(text) ?? [];
  if (number === undefined) {
    throw badRequest(
      'VssInvalidApiResourceVersionException',
      `The api-version '${text}' is not valid. Expected major.minor, with -preview for a version that is under preview.`,
    );
  }
  if (Number(number) > Number(latest)) {
    throw badRequest(
      'VssVersionOutOfRangeException',
      `The requested REST API version of ${number} is out of range for this server. The latest REST API version this server supports is ${latest}.`,
    );
  }
  if (!preview && (previewOnly || Number(number) > Number(released))) {
    throw badRequest(
      'VssInvalidPreviewVersionException',
      `The requested version "${text}" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: "${text}-preview"`,
    );
  }
  return { number: Number(number), text };
}

function badRequest(typeKey: string, message: string): ErrorAnswer {
  return new ErrorAnswer(serviceError(400, typeKey, message));
}
