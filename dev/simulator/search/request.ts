import { parseSearchText, type SearchQuery } from './query';

/** The filters that a search may name beside its text. */
export interface SearchFilters {
  readonly Project: readonly string[];
  readonly Repository: readonly string[];
  readonly Branch: readonly string[];
  readonly Path: readonly string[];
}

/** A search as its body asks for it. */
export interface SearchRequest {
  readonly query: SearchQuery;
  readonly filters: SearchFilters;
  readonly skip: number;
  readonly top: number;
  readonly orderBy?: 'path' | 'filename';
  readonly descending: boolean;
  readonly includeFacets: boolean;
}

/** Reads a search's body; a text says what is wrong with it. */
export function readSearchRequest(body: Buffer): SearchRequest | string {
  const read = parse(body);
  if (typeof read === 'string') return read;
  const { searchText, $skip: skip = 0, $top: top } = read;
  if (typeof searchText !== 'string' || searchText.trim() === '') {
    return 'The search text is missing';
  }
  if (!isCount(skip) || !isCount(top) || top === 0) {
    return '$skip and $top are needed, as whole numbers';
  }
  const filters = readFilters(read['filters']);
  if (typeof filters === 'string') return filters;
  const order = Array.isArray(read['$orderBy'])
    ? record(read['$orderBy'][0])
    : undefined;
  const field = order?.['field'];
  return {
    query: parseSearchText(searchText),
    filters,
    skip,
    top,
    orderBy: field === 'path' || field === 'filename' ? field : undefined,
    descending: order?.['sortOrder'] === 'DESC',
    includeFacets: read['includeFacets'] === true,
  };
}

function parse(body: Buffer): Record<string, unknown> | string {
  try {
    return record(JSON.parse(body.toString('utf8'))) ?? 'The body is no object';
  } catch {
    return 'The body is no JSON';
  }
}

function readFilters(value: unknown): SearchFilters | string {
  const given = record(value) ?? {};
  const list = (name: string): string[] => {
    const entries = given[name];
    return Array.isArray(entries) ? entries.map(String) : [];
  };
  const filters = {
    Project: list('Project'),
    Repository: list('Repository'),
    Branch: list('Branch'),
    Path: list('Path'),
  };
  if (filters.Repository.length > 0 && filters.Project.length !== 1) {
    return 'A filter by Repository needs a filter by one Project';
  }
  const byPlace = filters.Branch.length > 0 || filters.Path.length > 0;
  if (byPlace && filters.Repository.length !== 1) {
    return 'Filters by Branch and Path need a filter by one Repository';
  }
  return filters;
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
