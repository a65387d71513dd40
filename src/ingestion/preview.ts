import type { AzureDevOpsClient, Repository } from '../azure/types';
import { isRejectedByLimiter } from '../azure/errors';
import { mapAtMost, type Turns } from '../concurrency';
import type { ProviderSettings } from '../config/settings';
import type { CatalogRules } from '../descriptors/rules';
import type { YamlParser } from '../descriptors/yaml';
import type { Organization } from '../organization';
import type { PathObservation } from '../policy/model';
import { selectRepositories, type SkipReason } from '../policy/select';
import { DescriptorParser } from './descriptor-parser';
import { probeRepository } from './probe';
import { IN_FLIGHT } from './walk';
import { messageOf } from '../thrown';

/** A descriptor that was found. */
export type PreviewedFile = Extract<PathObservation, { outcome: 'present' }>;

/** One repository of an organization's list, and what a refresh would find in it. */
export interface PreviewedRepository {
  readonly repository: Repository;
  /** Why it is not looked at; absent for those that are. */
  readonly skipped?: SkipReason;
  readonly files: readonly PreviewedFile[];
  /** Why it is not known what else it has. */
  readonly unknown?: string;
}

interface PreviewInput {
  readonly organization: Organization;
  readonly client: AzureDevOpsClient;
  readonly settings: ProviderSettings;
  readonly rules: CatalogRules;
  readonly yaml: YamlParser;
  readonly turns: Turns;
  readonly onProgress?: (done: number, all: number) => void;
}

/**
 * What a first refresh would find in one organization: list, selection, probe and
 * parser are those of a refresh. Nothing is kept, and nothing is changed.
 *
 * @returns every repository of the list, in its order
 * @throws where the list cannot be had
 */
export async function previewOrganization(
  input: PreviewInput,
): Promise<PreviewedRepository[]> {
  const { client, settings, onProgress } = input;
  const { repositories } = await client.listRepositories({});
  const { selected, skipped } = selectRepositories({ settings, repositories });
  const parser = new DescriptorParser(input);
  const seen = new Map<string, PreviewedRepository>();
  for (const { repository, reason } of skipped) {
    seen.set(repository.id, { repository, skipped: reason, files: [] });
  }
  let halted: string | undefined;
  let done = 0;
  await mapAtMost(IN_FLIGHT, selected, async repository => {
    const looked: PreviewedRepository & { isThrottled?: boolean } = halted
      ? { repository, files: [], unknown: halted }
      : await look(repository, parser, input);
    if (looked.isThrottled) halted = looked.unknown;
    seen.set(repository.id, looked);
    done += 1;
    onProgress?.(done, selected.length);
  });
  return repositories.flatMap(({ id }) => seen.get(id) ?? []);
}

async function look(
  repository: Repository,
  parser: DescriptorParser,
  { client, settings, turns }: PreviewInput,
): Promise<PreviewedRepository & { isThrottled?: boolean }> {
  const files: PreviewedFile[] = [];
  const { unknown, brokenOff } = await probeRepository({
    client,
    parser,
    turns,
    repository,
    settings,
    known: [],
    expectChange: true,
    handOn: async found => {
      for (const one of found) {
        if (one.outcome === 'present') files.push(one);
      }
    },
  });
  const reason = brokenOff?.reason ?? unknown;
  return {
    repository,
    files,
    unknown: reason === undefined ? undefined : messageOf(reason),
    isThrottled: isRejectedByLimiter(reason),
  };
}
