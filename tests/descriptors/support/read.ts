import { ConfigReader } from '@backstage/config';
import type { JsonObject } from '@backstage/types';
import {
  applyLocation,
  parseDescriptor,
  type DescriptorDocument,
} from '../../../src/descriptors/parse';
import { CatalogRules } from '../../../src/descriptors/rules';
import { YamlParser } from '../../../src/descriptors/yaml';

export const TARGET =
  'https://dev.azure.com/contoso/P/_git/r?path=/catalog-info.yaml';

/** Ends with the tests of a file. */
export function testYamlParser(
  options: Partial<ConstructorParameters<typeof YamlParser>[0]> = {},
): YamlParser {
  const yaml = new YamlParser({ enableYamlMerge: false, ...options });
  afterAll(async () => {
    await yaml.close();
  });
  return yaml;
}

/** What a descriptor gives at a location. */
export async function readDescriptor(
  yaml: YamlParser,
  content: string,
  options: { target?: string; catalog?: JsonObject } = {},
): Promise<DescriptorDocument[]> {
  const { target = TARGET, catalog = {} } = options;
  const { documents } = await parseDescriptor(yaml, content);
  return applyLocation(documents, {
    target,
    rules: CatalogRules.fromConfig(new ConfigReader({ catalog })),
  });
}
