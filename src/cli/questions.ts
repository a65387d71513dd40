import type { Organization } from '../organization';
import { type Answer, ask, listAt, textAt } from './ask';
import { type Check, pass, warn } from './check';
import { count } from './format';
import { printable } from './io';
import { summarize } from './repository-list';
import type { Session } from './session';

/** A check, and the answer that it was made from. */
export interface Finding {
  readonly check: Check;
  readonly answer?: Answer;
}

/** Finds something out about an organization; throws what its requests throw. */
export type Question = (
  session: Session,
  organization: Organization,
) => Promise<Finding>;

/** As many projects as are counted. */
const MOST_PROJECTS = 1_000;

/** The id of the resource `repositories` of the area `git`, the same everywhere. */
const REPOSITORIES_RESOURCE = '225f7195-f9c7-4d14-ab28-a83f7ff77e1f';

/** Needs no scope, and is in preview in every version. */
export const CONNECTION_DATA = '_apis/connectionData?api-version=5.0-preview.1';

/** Who the organization takes the credential for. */
export const askMembership: Question = async (session, organization) => {
  const answer = await ask(
    session,
    organization,
    CONNECTION_DATA,
    'ask who the credential belongs to',
  );
  const name = textAt(answer.json, 'authenticatedUser', 'providerDisplayName');
  const id = textAt(answer.json, 'authenticatedUser', 'id');
  return {
    check: pass(
      'membership',
      `known as ${printable(name ?? 'an identity without a name')}${id ? ` (${printable(id)})` : ''}`,
    ),
    answer,
  };
};

/** How many projects the identity sees. */
export const askProjects: Question = async (session, organization) => {
  const answer = await ask(
    session,
    organization,
    `_apis/projects?$top=${MOST_PROJECTS}&api-version=5.0`,
    'list the projects',
  );
  const visible = listAt(answer.json, 'value').length;
  const more = visible === MOST_PROJECTS ? ' or more' : '';
  const message = `${count(visible, 'project')}${more} visible`;
  return {
    check:
      visible > 0
        ? pass('projects', message)
        : warn(
            'projects',
            message,
            'Add the identity to the group Readers of the projects that the catalog is to show',
          ),
    answer,
  };
};

/** How many repositories the identity sees. */
export const askRepositories: Question = async (session, organization) => {
  const repositories = await session.clients
    .forOrganization(organization)
    .listRepositories();
  return {
    check:
      repositories.length > 0
        ? pass('repositories', `${summarize(repositories)} visible`)
        : warn(
            'repositories',
            'none visible: what may not be read is left out without a word',
            'Give the identity the access level Basic (a Stakeholder sees no repositories) and the permission to read in ' +
              'Project settings > Repositories > Security',
          ),
  };
};

/** Which versions of the interface the service speaks. */
export const askApiVersion: Question = async (session, organization) => {
  const answer = await ask(
    session,
    organization,
    '_apis/git',
    'ask which versions are spoken',
    'OPTIONS',
  );
  const resource = listAt(answer.json, 'value').find(
    entry => textAt(entry, 'id') === REPOSITORIES_RESOURCE,
  );
  const released = textAt(resource, 'releasedVersion');
  const newest = textAt(resource, 'maxVersion');
  return {
    check: released
      ? pass(
          'api version',
          `${released} (newest preview ${newest ?? released})`,
        )
      : warn(
          'api version',
          `${organization.label} does not say which versions it speaks`,
          'Check that the address is that of Azure DevOps, and not of something in front of it',
        ),
    answer,
  };
};
