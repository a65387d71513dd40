import { ErrorAnswer, serviceError } from '../errors';
import { isGuid } from '../model';

// The answers to an address that names nothing. What may not be seen is answered
// like what does not exist.

const errorAnswer = (...error: Parameters<typeof serviceError>) =>
  new ErrorAnswer(serviceError(...error));

export function projectNotFound(nameOrId: string): ErrorAnswer {
  return isGuid(nameOrId)
    ? errorAnswer(
        404,
        'ProjectDoesNotExistException',
        `VS800075: The project with id 'vstfs:///Classification/TeamProject/${nameOrId}' does not exist, or you do not have permission to access it.`,
      )
    : errorAnswer(
        404,
        'ProjectDoesNotExistWithNameException',
        `TF200016: The following project does not exist: ${nameOrId}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.`,
      );
}

export function repositoryNotFound(nameOrId: string): ErrorAnswer {
  return errorAnswer(
    404,
    'GitRepositoryNotFoundException',
    `TF401019: The Git repository with name or identifier ${nameOrId} does not exist or you do not have permissions for the operation you are attempting.`,
  );
}

export function itemNotFound(
  path: string,
  repository: string,
  version: string,
): ErrorAnswer {
  return errorAnswer(
    404,
    'GitItemNotFoundException',
    `TF401174: The item '${path}' could not be found in the repository '${repository}' at the version specified by '${version}'.`,
  );
}

export function noBranches(repository: string): ErrorAnswer {
  return errorAnswer(
    404,
    'GitItemNotFoundException',
    `VS403403: Cannot find any branches for the ${repository} repository.`,
  );
}

export function versionNotFound(
  version: string,
  repository: string,
): ErrorAnswer {
  return errorAnswer(
    404,
    'GitUnresolvableToCommitException',
    `TF401175:The version descriptor ${version} could not be resolved to a version in the repository ${repository}`,
  );
}

export function objectNotFound(id: string): ErrorAnswer {
  return errorAnswer(
    404,
    'GitObjectDoesNotExistException',
    `TF401035: The object '${id}' does not exist.`,
  );
}

export function badParameter(name: string, value: string): ErrorAnswer {
  return errorAnswer(
    400,
    'InvalidArgumentValueException',
    `The value '${value}' is not valid for the parameter ${name}.`,
  );
}
