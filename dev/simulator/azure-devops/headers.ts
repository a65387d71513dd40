import { randomUUID } from 'node:crypto';
import type { SimulatedResponse } from '../http';
import { guidOf, type Identity, type Organization } from '../model';

const PROCESS_ID = guidOf('process');

/** The headers of every answer of the service, and those that name the identity. */
export function withServiceHeaders(
  response: SimulatedResponse,
  organization: Organization | undefined,
  identity: Identity | undefined,
): SimulatedResponse {
  const activityId = randomUUID();
  const deployment = organization?.deployment ?? 'cloud';
  return {
    ...response,
    headers: {
      'Cache-Control': 'no-cache, no-store, must-revalidate',
      Pragma: 'no-cache',
      Expires: '-1',
      Vary: 'Accept-Encoding',
      P3P: 'CP="CAO DSP COR ADMa DEV CONo TELo CUR PSA PSD TAI IVDo OUR SAMi BUS DEM NAV STA UNI COM INT PHY ONL FIN PUR LOC CNT"',
      'X-TFS-ProcessId': PROCESS_ID,
      'X-TFS-Session': activityId,
      'X-VSS-E2EID': activityId,
      'X-VSS-SenderDeploymentId': PROCESS_ID,
      ActivityId: activityId,
      'X-FRAME-OPTIONS': 'SAMEORIGIN',
      'X-Content-Type-Options': 'nosniff',
      ...(identity
        ? { 'X-VSS-UserData': `${identity.id}:${identity.uniqueName}` }
        : {}),
      ...(deployment === 'cloud' ? CLOUD_HEADERS : SERVER_HEADERS),
      ...response.headers,
    },
  };
}

const CLOUD_HEADERS = {
  'Request-Context': `appId=cid-v1:${guidOf('application')}`,
  'Access-Control-Expose-Headers': 'Request-Context',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'X-Cache': 'CONFIG_NOCACHE',
  'X-MSEdge-Ref': 'Ref A: 0 Ref B: SIMULATOR Ref C: 0',
};

const SERVER_HEADERS = {
  'X-Powered-By': 'ASP.NET',
  'Lfs-Authenticate': 'NTLM',
};
