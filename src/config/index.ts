/** `catalog.providers.azureDevOps`, read into settings; every mistake reported at once. */
export { ConfigurationError, describeAllMistakes } from './mistakes';
export { literalPath, type DescriptorPath, type NameFilter } from './patterns';
export { describeNoProvider, describeUnreadKeys } from './misplaced';
export { readProviderConfigs } from './read';
export type {
  HintSettings,
  ProviderReading,
  ProviderSettings,
  RemovalSettings,
} from './settings';
