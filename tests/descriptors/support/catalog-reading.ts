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
 * what it rejects. Where its parser throws, it takes nothing of the file, and each
 * document is ours to read as the catalog would read it alone.
 */
export async function expectSameReading(
  yaml: YamlParser,
  text: string,
): Promise<void> {
  const theirs = catalogReading(text, yaml);
  const ours = await ourReading(yaml, text);
  if (!theirs.threw) {
    expect(ours).toStrictEqual(theirs.verdicts);
    return;
  }
  expect(ours).toContainEqual({ rejected: true });
  // A directive applies to later documents, and an end marker ends one as well.
  if (/^\uFEFF?%|^\.\.\./m.test(text)) return;
  const alone = text
    .replace(/^\uFEFF/, '')
    .split(/(?<![^\n])(?=---(?!\S))/)
    .map(part => catalogReading(part, yaml));
  expect(ours).toStrictEqual(
    alone.flatMap(({ verdicts, threw }) =>
      threw ? [...verdicts, { rejected: true }] : verdicts,
    ),
  );
}
