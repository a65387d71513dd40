import { parseEntityYaml } from '@backstage/plugin-catalog-node';
import {
  parseDocuments,
  type ParseOptions,
} from '../../../src/descriptors/parse';

/** One document: its value, or `undefined` where it is rejected. */
export type Verdict = { value: unknown } | { rejected: true };

export interface CatalogReading {
  readonly verdicts: Verdict[];
  /** Whether the parser threw, which ends the reading of the file. */
  readonly threw: boolean;
}

/** What the catalog makes of a file that it reads through a location. */
export function catalogReading(
  text: string,
  options: ParseOptions,
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
        result.type === 'entity'
          ? { value: result.entity }
          : { rejected: true },
      );
    }
    return { verdicts, threw: false };
  } catch {
    return { verdicts, threw: true };
  } finally {
    process.emitWarning = emitWarning;
  }
}

export function ourReading(text: string, options: ParseOptions): Verdict[] {
  return parseDocuments(text, options).map(document =>
    document.outcome === 'value'
      ? { value: document.value }
      : { rejected: true as const },
  );
}

/**
 * Expects that we take what the catalog takes, with the same values, and refuse
 * what it rejects. Where its parser throws, the document of which it does is
 * rejected, and what follows is ours to read.
 */
export function expectSameReading(text: string, options: ParseOptions): void {
  const theirs = catalogReading(text, options);
  const ours = ourReading(text, options);
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
