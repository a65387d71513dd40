import type { Organization, Project, Repository } from '../model';
import type { Simulator } from '../simulator';
import type { Arguments } from './arguments';
import type { Operation } from './operation';

const PROJECT_STATES = [
  'new',
  'wellFormed',
  'createPending',
  'deleting',
  'deleted',
] as const;
const TOKEN_STATES = ['valid', 'expired', 'revoked'] as const;

/** Organizations, projects, repositories, and who may read them. */
export const STATE_OPERATIONS: Readonly<Record<string, Operation>> = {
  addOrganization: {
    takes: ['name', 'deployment', 'tenantId', 'apiVersion', 'signIn'],
    run: (simulator, args) =>
      describeOrganization(
        simulator.addOrganization(args.text('name'), {
          deployment: args.optionalChoice('deployment', ['cloud', 'server']),
          tenantId: args.optionalText('tenantId'),
          apiVersion: args.optionalText('apiVersion'),
          signIn: args.optionalChoice('signIn', ['203', '302']),
        }),
      ),
  },
  renameOrganization: {
    takes: ['organization', 'newName'],
    run: (simulator, args) =>
      simulator.renameOrganization(
        args.text('organization'),
        args.text('newName'),
      ),
  },
  removeOrganization: {
    takes: ['organization'],
    run: (simulator, args) =>
      simulator.removeOrganization(args.text('organization')),
  },
  addPersonalAccessToken: {
    takes: [
      'token',
      'identity',
      'state',
      'expiresAt',
      'scopes',
      'organizations',
    ],
    run: (simulator, args) => {
      simulator.addPersonalAccessToken(args.text('token'), {
        identity: args.text('identity'),
        state: args.optionalChoice('state', TOKEN_STATES),
        expiresAt: args.optionalNumber('expiresAt'),
        scopes: args.optionalTexts('scopes'),
        organizations: args.optionalTexts('organizations'),
      });
    },
  },
  setPersonalAccessToken: {
    takes: ['token', 'state'],
    run: (simulator, args) => {
      const token = simulator.personalAccessToken(args.text('token'));
      token.state = args.optionalChoice('state', TOKEN_STATES) ?? token.state;
    },
  },
  grant: {
    takes: ['organization', 'identity', 'projects', 'repositories', 'licence'],
    run: (simulator, args) =>
      organizationOf(simulator, args).grant(args.text('identity'), {
        projects: args.optionalTexts('projects'),
        repositories: args.optionalTexts('repositories'),
        licence: args.optionalChoice('licence', ['basic', 'stakeholder']),
      }),
  },
  revoke: {
    takes: ['organization', 'identity', 'projects', 'repositories'],
    run: (simulator, args) =>
      organizationOf(simulator, args).revoke(args.text('identity'), {
        projects: args.optionalTexts('projects'),
        repositories: args.optionalTexts('repositories'),
      }),
  },
  addProject: {
    takes: ['organization', 'name', 'state', 'description', 'visibility'],
    run: (simulator, args) =>
      describeProject(
        organizationOf(simulator, args).addProject(args.text('name'), {
          state: args.optionalChoice('state', PROJECT_STATES),
          description: args.optionalText('description'),
          visibility: args.optionalChoice('visibility', ['private', 'public']),
        }),
      ),
  },
  renameProject: {
    takes: ['organization', 'project', 'newName'],
    run: (simulator, args) =>
      projectOf(simulator, args).rename(args.text('newName')),
  },
  setProjectState: {
    takes: ['organization', 'project', 'state'],
    run: (simulator, args) =>
      projectOf(simulator, args).setState(
        args.optionalChoice('state', PROJECT_STATES) ?? 'wellFormed',
      ),
  },
  deleteProject: {
    takes: ['organization', 'project'],
    run: (simulator, args) => projectOf(simulator, args).delete(),
  },
  addRepository: {
    takes: [
      'organization',
      'project',
      'name',
      'files',
      'defaultBranch',
      'disabled',
      'hidden',
      'isFork',
      'isInMaintenance',
    ],
    run: (simulator, args) =>
      describeRepository(
        projectOf(simulator, args).addRepository(args.text('name'), {
          files: args.optionalFiles('files'),
          defaultBranch: args.optionalText('defaultBranch'),
          disabled: args.optionalFlag('disabled'),
          hidden: args.optionalFlag('hidden'),
          isFork: args.optionalFlag('isFork'),
          isInMaintenance: args.optionalFlag('isInMaintenance'),
        }),
      ),
  },
  renameRepository: {
    takes: ['organization', 'project', 'repository', 'newName'],
    run: (simulator, args) =>
      repositoryOf(simulator, args).rename(args.text('newName')),
  },
  disableRepository: {
    takes: ['organization', 'project', 'repository'],
    run: (simulator, args) => repositoryOf(simulator, args).disable(),
  },
  enableRepository: {
    takes: ['organization', 'project', 'repository'],
    run: (simulator, args) => repositoryOf(simulator, args).enable(),
  },
  deleteRepository: {
    takes: ['organization', 'project', 'repository', 'permanently'],
    run: (simulator, args) =>
      repositoryOf(simulator, args).delete({
        permanently: args.optionalFlag('permanently'),
      }),
  },
  moveRepository: {
    takes: ['organization', 'project', 'repository', 'toProject'],
    run: (simulator, args) =>
      repositoryOf(simulator, args).move(
        organizationOf(simulator, args).project(args.text('toProject')),
      ),
  },
  forkRepository: {
    takes: ['organization', 'project', 'repository', 'toProject', 'name'],
    run: (simulator, args) =>
      describeRepository(
        repositoryOf(simulator, args).fork(
          organizationOf(simulator, args).project(args.text('toProject')),
          args.text('name'),
        ),
      ),
  },
  emptyRepository: {
    takes: ['organization', 'project', 'repository'],
    run: (simulator, args) => repositoryOf(simulator, args).empty(),
  },
  push: {
    takes: [
      'organization',
      'project',
      'repository',
      'branch',
      'files',
      'force',
      'message',
      'pushedBy',
    ],
    run: (simulator, args) => {
      const { commitId, pushId } = repositoryOf(simulator, args).push({
        branch: args.optionalText('branch'),
        files: args.optionalFiles('files') ?? {},
        force: args.optionalFlag('force'),
        message: args.optionalText('message'),
        pushedBy: args.optionalText('pushedBy'),
      });
      return { commitId, pushId };
    },
  },
  setDefaultBranch: {
    takes: ['organization', 'project', 'repository', 'branch'],
    run: (simulator, args) =>
      repositoryOf(simulator, args).setDefaultBranch(args.text('branch')),
  },
  renameBranch: {
    takes: ['organization', 'project', 'repository', 'branch', 'newName'],
    run: (simulator, args) =>
      repositoryOf(simulator, args).renameBranch(
        args.text('branch'),
        args.text('newName'),
      ),
  },
  deleteBranch: {
    takes: ['organization', 'project', 'repository', 'branch'],
    run: (simulator, args) =>
      repositoryOf(simulator, args).deleteBranch(args.text('branch')),
  },
  tag: {
    takes: ['organization', 'project', 'repository', 'name'],
    run: (simulator, args) =>
      repositoryOf(simulator, args).tag(args.text('name')),
  },
};

function organizationOf(simulator: Simulator, args: Arguments): Organization {
  return simulator.organization(args.text('organization'));
}

function projectOf(simulator: Simulator, args: Arguments): Project {
  return organizationOf(simulator, args).project(args.text('project'));
}

function repositoryOf(simulator: Simulator, args: Arguments): Repository {
  return projectOf(simulator, args).repository(args.text('repository'));
}

function describeProject({ id, name, state }: Project) {
  return { id, name, state };
}

function describeRepository({ id, name, defaultBranch }: Repository) {
  return { id, name, defaultBranch };
}

export function describeOrganization(organization: Organization) {
  const { id, name, deployment, tenantId, apiVersion } = organization;
  let repositories = 0;
  for (const _repository of organization.repositories()) {
    repositories += 1;
  }
  return {
    id,
    name,
    deployment,
    tenantId,
    apiVersion,
    projects: [...organization.projects()].map(project => project.name),
    repositories,
  };
}
