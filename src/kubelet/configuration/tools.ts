/** What whoever starts a kubelet needs of its configuration. */
export { readProviders } from '../credentials/configuration.ts'
export { type ConfigurationFile, readKubeletConfiguration } from './configuration.ts'
export type { KubeletConfiguration } from './schema.ts'
export {
  type ConfiguredOptions,
  evictionHardOf,
  KUBELET_FIELDS,
  optionsOf,
  tracingOf,
  unservedFields,
  unservedSignals,
} from './settings.ts'
