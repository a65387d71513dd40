import { Access, type AccessLevel, type AccessScope } from './access';
import type { Identity } from './identity';
import { guidOf, nameKey } from './names';
import { Project, type ProjectOptions } from './project';
import type { Repository, World } from './repository';

/** Azure DevOps Services, Azure DevOps Server 2022 with Update 1, or Server 2019 with Update 1. */
export type ServiceVersion = 'services' | 'server-2022' | 'server-2019';

export interface OrganizationOptions {
  /**
   * `cloud` for Azure DevOps Services, `server` for a collection of Azure DevOps
   * Server, whose name may begin with a virtual directory: `tfs/DefaultCollection`.
   * Default: `server` for a name with a slash, else `cloud`.
   */
  readonly deployment?: 'cloud' | 'server';
  /** Of a Server; default `server-2022`. */
  readonly version?: Exclude<ServiceVersion, 'services'>;
  /** The Entra tenant that the organization belongs to, a GUID. All zeros: none, as with Microsoft accounts. Default: made up, the same for all organizations. */
  readonly tenantId?: string;
  /** Whether IIS asks for a Windows account and its password before the Server sees anything. Default: false. */
  readonly iisBasicAuthentication?: boolean;
  /** What a proxy in front answers to `OPTIONS`, which never reaches the service. Default: it lets them through. */
  readonly optionsAnsweredWith?: 404 | 405;
  /** How a token that nobody knows is answered: see `UnknownCallers`. Default: `sign-in`. */
  readonly unknownCallers?: UnknownCallers;
}

/**
 * How a caller without a credential that is known is answered. `sign-in`: like
 * somebody who has to sign in. The others with TF400813: `anonymous` says that
 * there is nothing for anonymous access, `nobody` names the user of whom the
 * service thinks then, which is not a user at all.
 *
 * Source: microsoft/azure-pipelines-agent issues 1839 and 2565
 */
export type UnknownCallers = 'sign-in' | 'anonymous' | 'nobody';

/** The tenant of organizations that were given none. */
const DEFAULT_TENANT_ID = guidOf('tenant', 'default');

/** One organization of Azure DevOps Services, or one collection of a Server. */
export class Organization {
  readonly id: string;
  readonly deployment: 'cloud' | 'server';
  readonly tenantId: string;
  readonly version: ServiceVersion;
  readonly iisBasicAuthentication: boolean;
  /** Change it at will. */
  optionsAnsweredWith: 404 | 405 | undefined;
  readonly unknownCallers: UnknownCallers;
  #name: string;
  #revision = 0;
  #number = 0;
  #pushId = 0;
  readonly #world: World;
  readonly #members = new Map<string, Access>();
  readonly #subscriptionRights = new Map<string, 'view' | 'edit'>();
  readonly #projects = new Map<string, Project>();
  readonly #projectsById = new Map<string, Project>();
  readonly #deletedProjects: Project[] = [];
  readonly #repositoriesById = new Map<string, Repository>();

  /** Use `simulator.addOrganization()`, which also makes it known. */
  constructor(
    world: World,
    id: string,
    name: string,
    options: OrganizationOptions &
      Required<Pick<OrganizationOptions, 'deployment'>>,
  ) {
    this.#world = world;
    this.#name = name;
    this.id = id;
    this.deployment = options.deployment;
    this.tenantId = options.tenantId ?? DEFAULT_TENANT_ID;
    this.iisBasicAuthentication = options.iisBasicAuthentication ?? false;
    this.optionsAnsweredWith = options.optionsAnsweredWith;
    this.unknownCallers = options.unknownCallers ?? 'sign-in';
    this.version =
      this.deployment === 'cloud'
        ? 'services'
        : (options.version ?? 'server-2022');
  }

  get name(): string {
    return this.#name;
  }

  /** Grows with every change of what the organization's lists show. */
  get revision(): number {
    return this.#revision;
  }

  /** Makes an identity a member that may read everything, or the projects and repositories that are named. */
  grant(identity: string, scope: AccessScope = {}): void {
    const access = this.#members.get(identity) ?? new Access();
    access.grant(this.#idsOf(scope));
    this.#members.set(identity, access);
    this.touch();
  }

  /** Gives a member an access level; every member has Basic until then. */
  setAccessLevel(identity: string, level: AccessLevel): void {
    const access = this.#members.get(identity);
    if (!access) {
      throw new Error(`'${identity}' is no member of '${this.#name}'`);
    }
    access.level = level;
    this.touch();
  }

  /** Takes single projects and repositories from a member or, when none is named, its membership. */
  revoke(identity: string, scope: AccessScope = {}): void {
    const ids = this.#idsOf(scope);
    if (ids) {
      this.#members.get(identity)?.revoke(ids);
    } else {
      this.#members.delete(identity);
    }
    this.touch();
  }

  /** Lets a member see subscriptions to service hooks, or make and delete them; project administrators may do both. */
  grantSubscriptions(identity: string, right: 'view' | 'edit'): void {
    this.#subscriptionRights.set(identity, right);
  }

  mayWithSubscriptions(identity: Identity, right: 'view' | 'edit'): boolean {
    const granted = this.#subscriptionRights.get(identity.name);
    return granted === 'edit' || granted === right;
  }

  /** What an identity may read; `undefined` for one that is no member. */
  access(identity: Identity): Access | undefined {
    return this.#members.get(identity.name);
  }

  addProject(name: string, options: ProjectOptions = {}): Project {
    this.#requireFree(name);
    const made = guidOf('project', this.id, this.nextNumber());
    const id = options.id ?? made;
    const project = new Project(this.#world, this, id, name, options);
    this.#projects.set(nameKey(name), project);
    this.#projectsById.set(id, project);
    for (const access of this.#members.values()) {
      access.bind(nameKey(name), id);
    }
    this.touch();
    return project;
  }

  /** The project of this name (without regard to case) or id. */
  project(nameOrId: string): Project {
    const found = this.findProject(nameOrId);
    if (!found) {
      throw new Error(
        `The organization '${this.#name}' has no project '${nameOrId}'`,
      );
    }
    return found;
  }

  findProject(nameOrId: string): Project | undefined {
    return (
      this.#projects.get(nameKey(nameOrId)) ??
      this.#projectsById.get(nameKey(nameOrId))
    );
  }

  /** All projects in the order in which they were made, without those that were deleted. */
  projects(): IterableIterator<Project> {
    return this.#projectsById.values();
  }

  /** The projects that were deleted, the latest last. */
  deletedProjects(): readonly Project[] {
    return this.#deletedProjects;
  }

  repositoryById(id: string): Repository | undefined {
    return this.#repositoriesById.get(nameKey(id));
  }

  /** All repositories of all projects in the order in which they were made. */
  repositories(): IterableIterator<Repository> {
    return this.#repositoriesById.values();
  }

  renameProject(project: Project, name: string): void {
    if (this.#projects.get(nameKey(name)) !== project) {
      this.#requireFree(name);
    }
    this.#projects.delete(nameKey(project.name));
    this.#projects.set(nameKey(name), project);
  }

  removeProject(project: Project): void {
    this.#projects.delete(nameKey(project.name));
    this.#projectsById.delete(project.id);
    this.#deletedProjects.push(project);
    for (const repository of project.repositories()) {
      this.#repositoriesById.delete(repository.id);
    }
    this.touch();
  }

  registerRepository(repository: Repository): void {
    this.#repositoriesById.set(repository.id, repository);
    this.touch();
  }

  unregisterRepository(repository: Repository): void {
    this.#repositoriesById.delete(repository.id);
    this.touch();
  }

  /** The name under which the organization is found; `simulator.renameOrganization()` keeps the index. */
  setName(name: string): void {
    this.#name = name;
    this.touch();
  }

  touch(): void {
    this.#revision += 1;
  }

  nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  nextPushId(): number {
    this.#pushId += 1;
    return this.#pushId;
  }

  #idsOf({ projects, repositories }: AccessScope): string[] | undefined {
    if (!projects && !repositories) {
      return undefined;
    }
    return [
      ...(projects ?? []).map(
        name => this.findProject(name)?.id ?? nameKey(name),
      ),
      ...(repositories ?? []).map(name => this.#repository(name).id),
    ];
  }

  #repository(name: string): Repository {
    const [project, ofProject] = name.split('/');
    const found =
      ofProject === undefined
        ? [...this.repositories()].filter(each => each.name === name)
        : [this.project(project ?? '').repository(ofProject)];
    if (!found[0] || found[1]) {
      throw new Error(
        `'${name}' is not one repository of '${this.#name}'; write Project/repository`,
      );
    }
    return found[0];
  }

  #requireFree(name: string): void {
    if (this.#projects.has(nameKey(name))) {
      throw new Error(
        `The organization '${this.#name}' already has a project '${name}'`,
      );
    }
  }
}
