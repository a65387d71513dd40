import {
  describeCredential,
  diagnose,
  type Diagnosis,
} from '../credentials/problems/diagnosis';
import { redact } from '../credentials/errors';
import { CLOUD_HOST, Organization } from '../organization';
import type { Failure } from './failure';
import { hanging } from './text';

/** A failure in lines, for people. */
export function renderFailure(
  name: string,
  { diagnosis, credential }: Failure,
  width: number,
): string {
  const { cause, cure, docs } = diagnosis;
  return [
    hanging('', `${name}: ${cause}.`, width),
    ...(credential
      ? [hanging('  Credential:  ', describeCredential(credential), width)]
      : []),
    hanging('  What to do:  ', `${cure}.`, width),
    `  More:        ${docs}`,
  ].join('\n');
}

/** What is wrong with `integrations.azure`, in Backstage's words, and the cure. */
export function diagnoseConfiguration(error: unknown): Diagnosis {
  const detail = redact(error instanceof Error ? error.message : String(error));
  const host = /config for (\S+), only personal access tokens/.exec(
    detail,
  )?.[1];
  return diagnose(
    host ? 'server-needs-personal-access-token' : 'credentials-not-valid',
    {
      organization: new Organization(host ?? CLOUD_HOST, ''),
      detail,
      authority: '',
    },
  );
}
