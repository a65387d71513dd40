import type { SimulatedResponse } from '../http';
import { GitBlob } from '../model';
import type { Call, EndpointRoute } from '../seams';
import { isOn, json, representationOf } from './answers';
import { badParameter, objectNotFound } from './failures';
import { readableRepository } from './repositories';
import { repositoryUrl } from './shapes';
import { zipArchive } from './zip';

export function blobRoutes(): EndpointRoute[] {
  return [
    {
      endpoint: 'blobs',
      method: 'GET',
      template: 'git/repositories/{repositoryId}/blobs/{sha1}',
      location: {
        id: '7b28e929-2c99-405d-9c5c-6167a06e6816',
        area: 'git',
        resourceName: 'blobs',
        routeTemplate:
          '{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{sha1}',
      },
      handle: blob,
    },
  ];
}

function blob(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  if ('status' in repository) {
    return repository;
  }
  const id = call.parameters['sha1'] ?? '';
  if (!/^[0-9a-f]{40}$/i.test(id)) {
    return badParameter('sha1', id);
  }
  const found = repository.object(id);
  if (!(found instanceof GitBlob)) {
    return objectNotFound(id);
  }
  const fileName = call.query('fileName') ?? found.id;
  const disposition = `${isOn(call, 'download') ? 'attachment' : 'inline'}; filename*=UTF-8''${encodeURIComponent(fileName)}`;
  switch (representationOf(call)) {
    case 'json': {
      const url = `${repositoryUrl(repository, call.baseUrl)}/blobs/${found.id}`;
      return json(call, {
        objectId: found.id,
        size: found.content.length,
        url,
        _links: {
          self: { href: url },
          repository: { href: repositoryUrl(repository, call.baseUrl) },
        },
      });
    }
    case 'zip':
      return {
        status: 200,
        headers: {
          'Content-Type': 'application/zip',
          'Content-Disposition': disposition,
        },
        body: zipArchive([{ path: fileName, content: found.content }]),
      };
    case 'text':
      return {
        status: 200,
        headers: {
          'Content-Type': 'text/plain',
          'Content-Disposition': disposition,
        },
        body: found.content,
      };
    case 'bytes':
    case 'any':
      return {
        status: 200,
        headers: {
          'Content-Type': 'application/octet-stream',
          'Content-Disposition': disposition,
        },
        body: found.content,
      };
  }
}
