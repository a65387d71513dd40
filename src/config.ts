/** `catalog.providers.azureDevOps`, read into settings; every mistake reported at once. */
export {
  ConfigurationError,
  type ConfigurationMistake,
} from './config/mistakes';
export {
  findsDescriptor,
  type DescriptorPath,
  type NameFilter,
} from './config/patterns';
export { readProviderConfigs } from './config/read';
export type {
  HintSettings,
  ProviderReading,
  ProviderSettings,
  RemovalSettings,
} from './config/settings';
