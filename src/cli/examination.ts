import type { ResponseHeaders } from '../azure/headers';
import { readClaims } from '../credentials/access-token';
import {
  type OrganizationProbe,
  probeOrganization,
} from '../credentials/probe';
import { authorityOf } from '../credentials/tokens';
import { diagnose } from '../credentials/problems/diagnosis';
import type { OrganizationCredential } from '../credentials/types';
import { type Organization } from '../organization';
import { type Check, fail } from './check';
import {
  clockCheck,
  credentialCheck,
  organizationCheck,
  proxyCheck,
  rateLimitCheck,
  tokenCheck,
} from './checks';
import { findCause } from './failure';
import type { Io } from './io';
import type { Progress } from './progress';
import {
  askApiVersion,
  askMembership,
  askProjects,
  askRepositories,
  type Question,
} from './questions';
import type { Session } from './session';

export interface ExaminationOptions {
  readonly session: Session;
  readonly organization: Organization;
  readonly io: Io;
  readonly progress: Progress;
}

/** Looks at one organization, from its credential to its repositories and the way there. */
export async function examine(options: ExaminationOptions): Promise<Check[]> {
  return await new Examination(options).run();
}

class Examination {
  readonly #checks: Check[] = [];
  readonly #options: ExaminationOptions;
  /** Of the latest answer: what it says of the rate limit is the newest. */
  #headers: ResponseHeaders | undefined;

  constructor(options: ExaminationOptions) {
    this.#options = options;
  }

  async run(): Promise<Check[]> {
    const { session, organization, io } = this.#options;
    this.#say('asking whether it is there');
    const probe = await probeOrganization(organization, {
      dispatcher: session.dispatcher,
      now: io.now,
    });
    const credential = await this.#examineCredential();
    if (credential && this.#examineOrganization(probe, credential)) {
      await this.#examineAccess();
    }
    this.#checks.push(proxyCheck(organization, io.env));
    if (probe) this.#checks.push(clockCheck(probe.clockAheadMs));
    if (this.#headers) {
      this.#checks.push(rateLimitCheck(organization, this.#headers, io.now()));
    }
    return this.#checks;
  }

  /** @returns the Authorization header, when there is one to be had. */
  async #examineCredential(): Promise<
    { credential: OrganizationCredential; authorization: string } | undefined
  > {
    const { session, organization, io } = this.#options;
    let name = 'credential';
    try {
      const credential = session.credentials.forOrganization(organization);
      this.#checks.push(credentialCheck(credential.describe(), organization));
      name = 'token';
      this.#say('getting a token');
      const authorization = await credential.getAuthorization();
      this.#checks.push(tokenCheck(authorization, io.now()));
      return { credential, authorization };
    } catch (error) {
      await this.#fail(name, error);
      return undefined;
    }
  }

  /** @returns whether it is worth going on. */
  #examineOrganization(
    probe: OrganizationProbe | undefined,
    served: { credential: OrganizationCredential; authorization: string },
  ): boolean {
    const { organization } = this.#options;
    const tokenTenant = readClaims(served.authorization)?.tenantId;
    const facts = {
      organization,
      credential: served.credential.describe(),
      authority: authorityOf(process.env),
      tokenTenant,
      organizationTenant: probe?.tenantId,
    };
    if (probe?.exists === false) {
      this.#checks.push(
        fail('organization', diagnose('organization-not-found', facts)),
      );
      return false;
    }
    if (
      probe?.tenantId &&
      tokenTenant &&
      probe.tenantId !== tokenTenant.toLowerCase()
    ) {
      this.#checks.push(fail('organization', diagnose('wrong-tenant', facts)));
      return false;
    }
    // Without an answer the next question says why.
    if (probe) this.#checks.push(organizationCheck(organization, probe));
    return true;
  }

  async #examineAccess(): Promise<void> {
    this.#say('asking who the credential belongs to');
    if (!(await this.#ask('membership', askMembership))) return;
    this.#say('listing projects');
    await this.#ask('projects', askProjects);
    this.#say('listing repositories');
    await this.#ask('repositories', askRepositories);
    await this.#ask('api version', askApiVersion);
  }

  async #ask(name: string, question: Question): Promise<boolean> {
    const { session, organization } = this.#options;
    try {
      const { check, answer } = await question(session, organization);
      this.#checks.push(check);
      this.#headers = answer?.headers ?? this.#headers;
      return true;
    } catch (error) {
      await this.#fail(name, error);
      return false;
    }
  }

  async #fail(name: string, error: unknown): Promise<void> {
    const { session, organization } = this.#options;
    const { diagnosis } = await findCause(session, organization, error);
    this.#checks.push(fail(name, diagnosis));
  }

  #say(what: string): void {
    const { organization, progress } = this.#options;
    progress.show(`${organization.label}: ${what} ...`);
  }
}
