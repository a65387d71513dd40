import type { SimulatedResponse } from '../http';
import type { Call } from '../seams';
import { jsonList } from './answers';
import { resolveVersion, versionDescriptor } from './descriptors';
import { badParameter } from './failures';
import { expand, find, itemShape, recursionOf } from './item-shapes';
import { readableRepository } from './repositories';

interface BatchRequest {
  readonly itemDescriptors?: ReadonlyArray<{
    readonly path?: string;
    readonly version?: string;
    readonly versionType?: string | number;
    readonly recursionLevel?: string | number;
  }>;
  readonly includeContentMetadata?: boolean | string;
  readonly latestProcessedChange?: boolean | string;
}

/** Several paths of one repository, without content. One that is missing costs the whole batch. */
export function itemsBatch(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  if ('status' in repository) {
    return repository;
  }
  const request = parseBatch(call.request.body);
  if (!request) {
    return badParameter('requestData', '');
  }
  const value: unknown[][] = [];
  for (const each of request.itemDescriptors ?? []) {
    const descriptor = versionDescriptor(
      each.version,
      each.versionType?.toString(),
    );
    const version =
      'status' in descriptor
        ? descriptor
        : resolveVersion(repository, descriptor);
    if ('status' in version) {
      return { ...version, status: 400 };
    }
    const found = find(repository, version, each.path ?? '/');
    if ('status' in found) {
      return { ...found, status: 400 };
    }
    const recursion = recursionOf(each.recursionLevel?.toString());
    if (!recursion) {
      return badParameter('recursionLevel', String(each.recursionLevel));
    }
    value.push(
      expand(found, recursion).map((item, index) =>
        itemShape(call, item, {
          contentMetadata:
            index === 0 && isTrue(request.includeContentMetadata),
          latestProcessedChange: isTrue(request.latestProcessedChange),
        }),
      ),
    );
  }
  return jsonList(call, value);
}

function isTrue(value: boolean | string | undefined): boolean {
  return value?.toString().toLowerCase() === 'true';
}

function parseBatch(body: Buffer): BatchRequest | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
