import { type AnonymousAnswer, askAnonymously } from '../azure/anonymous';
import { readClaims } from '../credentials/access-token';
import { diagnose } from '../credentials/problems/diagnosis';
import type { OrganizationCredential } from '../credentials/types';
import { isCloudHost, type Organization } from '../organization';
import {
  apiVersionCheck,
  type Check,
  type CheckName,
  clockCheck,
  credentialCheck,
  fail,
  membershipCheck,
  organizationCheck,
  projectsCheck,
  projectScopeCheck,
  proofCheck,
  proxyCheck,
  rateLimitCheck,
  type Reached,
  repositoriesCheck,
  tokenCheck,
  tokenReachCheck,
} from './checks';
import { type Io } from './io';
import { findCause, type Session } from './session';

/** Looks at one organization, from its credential to its repositories and the way there. */
export class Examination {
  readonly #checks: Check[] = [];

  constructor(
    private readonly session: Session,
    private readonly organization: Organization,
    private readonly configured: readonly Organization[],
    private readonly io: Io,
  ) {}

  async run(): Promise<Check[]> {
    const { organization, io } = this;
    this.#show('asking whether it is there');
    const probe = await askAnonymously(organization, io.now);
    const credential = await this.#examineCredential();
    const isMember =
      credential !== undefined &&
      this.#examineOrganization(probe, credential) &&
      (await this.#examineAccess(
        credential,
        probe ? 'membership' : 'organization',
      ));
    this.#checks.push(proxyCheck(organization, io.env));
    if (probe) this.#checks.push(clockCheck(probe.clockAheadMs));
    if (isMember) this.#checks.push(this.#rateLimit());
    return this.#checks;
  }

  /** @returns the credential and its Authorization header, when there is one to be had. */
  async #examineCredential(): Promise<
    { credential: OrganizationCredential; authorization: string } | undefined
  > {
    const { session, organization, io } = this;
    let name: CheckName = 'credential';
    try {
      const credential = session.credentials.forOrganization(organization);
      const description = credential.describe();
      this.#checks.push(credentialCheck(description, organization));
      if (credential.inspectProof) {
        name =
          description.kind === 'workload identity'
            ? 'federated token'
            : 'certificate';
        const facts = await credential.inspectProof();
        const check = proofCheck(facts, organization, io.now());
        this.#checks.push(check);
        if (check.status === 'fail') return undefined;
      }
      name = 'token';
      this.#show('getting a token');
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
    probe: AnonymousAnswer | undefined,
    served: { credential: OrganizationCredential; authorization: string },
  ): boolean {
    const { organization } = this;
    const tokenTenant = readClaims(served.authorization)?.tenantId;
    const facts = {
      organization,
      credential: served.credential.describe(),
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
    // Without an answer the next request shows why there is none.
    if (probe) this.#checks.push(organizationCheck(organization, probe));
    return true;
  }

  /**
   * @param first - the check that fails where the first request does
   * @returns whether the organization knows the identity.
   */
  async #examineAccess(
    served: { authorization: string },
    first: CheckName,
  ): Promise<boolean> {
    const { session, organization } = this;
    const client = session.clients.interactive.forOrganization(organization);
    this.#show('asking who the credential belongs to');
    const isMember = await this.#look(first, async () =>
      membershipCheck(await client.getIdentity()),
    );
    if (!isMember) return false;
    await this.#examineReach(served.authorization);
    this.#show('listing projects');
    let projects: number | undefined;
    await this.#look('projects', async () => {
      projects = (await client.listProjects()).length;
      return projectsCheck(projects);
    });
    this.#show('listing repositories');
    await this.#look('repositories', async () =>
      repositoriesCheck(
        organization,
        (await client.listRepositories()).repositories,
        projects,
      ),
    );
    await this.#look('api version', async () =>
      apiVersionCheck(organization, await client.getApiVersions()),
    );
    return true;
  }

  /** Whether another organization accepts the same personal access token. */
  async #examineReach(authorization: string): Promise<void> {
    const { organization } = this;
    if (
      !authorization.startsWith('Basic ') ||
      !isCloudHost(organization.host)
    ) {
      return;
    }
    this.#show('trying the token in other organizations');
    const reached: Reached[] = [];
    for (const other of await this.#othersWith(authorization)) {
      const knowsToken = await this.#knowsToken(other);
      reached.push({ organization: other, knowsToken });
      if (knowsToken) break;
    }
    this.#checks.push(tokenReachCheck(reached));
  }

  /** Whether an organization takes its credential for one that it knows; `undefined` when its answer shows neither. */
  async #knowsToken(organization: Organization): Promise<boolean | undefined> {
    const { interactive } = this.session.clients;
    try {
      await interactive.forOrganization(organization).getIdentity();
      return true;
    } catch (error) {
      const { diagnosis } = await findCause(this.session, organization, error);
      return diagnosis.problem === 'personal-access-token-unknown'
        ? false
        : undefined;
    }
  }

  /** The other organizations that are configured and get the same token. */
  async #othersWith(authorization: string): Promise<Organization[]> {
    const { session, organization, configured } = this;
    const others: Organization[] = [];
    for (const other of configured) {
      if (
        isCloudHost(other.host) &&
        !other.isSameAs(organization) &&
        (await authorizationFor(session, other)) === authorization
      ) {
        others.push(other);
      }
    }
    return others;
  }

  #rateLimit(): Check {
    const { session, organization, io } = this;
    const pacing = session.clients
      .limiterSnapshot()
      .find(entry => entry.organization.key === organization.key);
    return rateLimitCheck(organization, pacing ?? {}, io.now());
  }

  async #look(name: CheckName, find: () => Promise<Check>): Promise<boolean> {
    try {
      this.#checks.push(await find());
      return true;
    } catch (error) {
      await this.#fail(name, error);
      return false;
    }
  }

  async #fail(name: CheckName, error: unknown): Promise<void> {
    const { session, organization } = this;
    const { diagnosis } = await findCause(session, organization, error);
    const { problem, cause } = diagnosis;
    if (name === 'projects' && problem === 'personal-access-token-scope') {
      this.#checks.push(projectScopeCheck(organization));
    } else if (this.#checks.at(-1)?.message !== cause) {
      // What keeps two checks from an answer is one failure.
      this.#checks.push(fail(name, diagnosis));
    }
  }

  #show(what: string): void {
    this.session.progress.show(`${this.organization.label}: ${what} ...`);
  }
}

/** What is sent to an organization where that can be had without asking anybody: its personal access token. */
async function authorizationFor(
  { credentials }: Session,
  organization: Organization,
): Promise<string | undefined> {
  try {
    const credential = credentials.forOrganization(organization);
    return credential.describe().kind === 'personal access token'
      ? await credential.getAuthorization()
      : undefined;
  } catch {
    // Its own report says what is wrong with it.
    return undefined;
  }
}
