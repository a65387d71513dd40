import type { SimulatedResponse } from '../http';
import { GitBlob, GitTree } from '../model';
import type { Call, EndpointRoute } from '../seams';
import { isOn, json, jsonList, representationOf } from './answers';
import { contentTypeOf } from './content';
import { resolveVersion, versionDescriptorOf } from './descriptors';
import { badParameter } from './failures';
import {
  expand,
  find,
  itemLinks,
  itemShape,
  recursionOf,
  type Found,
} from './item-shapes';
import { itemsBatch } from './items-batch';
import { readableRepository } from './repositories';
import { zipArchive, type ZipEntry } from './zip';

export function itemRoutes(): EndpointRoute[] {
  return [
    {
      endpoint: 'items',
      method: 'GET',
      template: 'git/repositories/{repositoryId}/items/{*path}',
      location: {
        id: 'fb93c0db-47ed-4a31-8c20-47552878fb44',
        area: 'git',
        resourceName: 'items',
        routeTemplate:
          '{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{*path}',
      },
      handle: items,
    },
    {
      endpoint: 'itemsbatch',
      method: 'POST',
      template: 'git/repositories/{repositoryId}/itemsbatch',
      location: {
        id: '630fd2e4-fb88-4f85-ad21-13f3fd1fbca9',
        area: 'git',
        resourceName: 'itemsBatch',
        routeTemplate:
          '{project}/_apis/{area}/repositories/{repositoryId}/{resource}',
      },
      handle: itemsBatch,
    },
  ];
}

function items(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  if ('status' in repository) {
    return repository;
  }
  const descriptor = versionDescriptorOf(call);
  if ('status' in descriptor) {
    return descriptor;
  }
  const version = resolveVersion(repository, descriptor);
  if ('status' in version) {
    return version;
  }
  const path = call.query('path') ?? (call.parameters['path'] || undefined);
  const scopePath = call.query('scopePath');
  const found = find(repository, version, path ?? scopePath ?? '/');
  return 'status' in found ? found : represent(call, found, path !== undefined);
}

function represent(
  call: Call,
  found: Found,
  isSingle: boolean,
): SimulatedResponse {
  const representation = representationOf(call);
  const { object } = found.entry;
  if (representation === 'zip') {
    return zip(found);
  }
  // Whoever asks for nothing in particular gets the file itself.
  if (object instanceof GitBlob && isSingle && representation !== 'json') {
    return raw(call, found, object, representation === 'text');
  }
  const options = {
    content: isOn(call, 'includeContent'),
    contentMetadata: isOn(call, 'includeContentMetadata'),
    latestProcessedChange: isOn(call, 'latestProcessedChange'),
  };
  if (isSingle) {
    return json(call, {
      ...itemShape(call, found, options),
      _links: itemLinks(call, found),
    });
  }
  if (
    object instanceof GitBlob &&
    (representation === 'text' || representation === 'bytes')
  ) {
    return raw(call, found, object, representation === 'text');
  }
  const recursion = recursionOf(call.query('recursionLevel'));
  if (!recursion) {
    return badParameter('recursionLevel', call.query('recursionLevel') ?? '');
  }
  return jsonList(
    call,
    expand(found, recursion).map(item =>
      itemShape(call, item, { ...options, content: false }),
    ),
  );
}

function raw(
  call: Call,
  { path }: Found,
  blob: GitBlob,
  asText: boolean,
): SimulatedResponse {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    status: 200,
    headers: {
      'Content-Type': asText ? 'text/plain' : contentTypeOf(name),
      'Content-Disposition': `${isOn(call, 'download') ? 'attachment' : 'inline'}; filename*=UTF-8''${encodeURIComponent(name)}`,
    },
    body: blob.content,
  };
}

/** A folder as an archive, under its own name; the root without one. */
function zip({ repository, path, entry }: Found): SimulatedResponse {
  const { object } = entry;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const entries: ZipEntry[] = [];
  if (object instanceof GitBlob) {
    entries.push({ path: name, content: object.content });
  } else if (object instanceof GitTree) {
    for (const below of object.walk(name)) {
      if (below.entry.object instanceof GitBlob) {
        entries.push({
          path: below.path.replace(/^\//, ''),
          content: below.entry.object.content,
        });
      }
    }
  }
  const fileName = `${name === '' ? repository.name : name}.zip`;
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/zip',
      'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`,
    },
    body: zipArchive(entries),
  };
}
