import { parseEntityYaml } from '@backstage/plugin-catalog-node';
import type { YamlParser } from '../../../src/descriptors/yaml';

/** One document: its value as JSON has it, or that it is rejected. */
export type Verdict = { value: unknown } | { rejected: true };

interface CatalogReading {
  readonly verdicts: Verdict[];
  /** Whether the parser threw, which ends the reading of the file. */
  readonly threw: boolean;
}

/** What the catalog makes of a file that it reads through a location. */
export function catalogReading(
  text: string,
  options: { enableYamlMerge: boolean },
): CatalogReading {
  const verdicts: Verdict[] = [];
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    const location = { type: 'url', target: 'https://example.com/x.yaml' };
    for (const result of parseEntityYaml(
      Buffer.from(text),
      location,
      options,
    )) {
      verdicts.push(
        result.type === 'entity' ? stored(result.entity) : { rejected: true },
      );
    }
    return { verdicts, threw: false };
  } catch {
    return { verdicts, threw: true };
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** The catalog stores entities as JSON, and fails where there is none. */
function stored(value: object): Verdict {
  try {
    return { value: JSON.parse(JSON.stringify(value)) };
  } catch {
    return { rejected: true };
  }
}

export async function ourReading(
  yaml: YamlParser,
  text: string,
): Promise<Verdict[]> {
  const { documents } = await yaml.parse(text);
  return documents.map(document =>
    document.outcome === 'value'
      ? { value: document.value }
      : { rejected: true as const },
  );
}

/**
 * Expects that we take what the catalog takes, with the same values, and reject
 * what it rejects. Where its parser throws, the document of which it does is
 * rejected, and what follows is ours to read.
 */
export async function expectSameReading(
  yaml: YamlParser,
  text: string,
): Promise<void> {
  const theirs = catalogReading(text, yaml);
  const ours = await ourReading(yaml, text);
  if (theirs.threw) {
    const count = theirs.verdicts.length;
    expect(ours.slice(0, count + 1)).toStrictEqual([
      ...theirs.verdicts,
      { rejected: true },
    ]);
  } else {
    expect(ours).toStrictEqual(theirs.verdicts);
  }
}
