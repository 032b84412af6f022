/** Admission plugins as flags and a file ask for them. Loaded only where somebody does. */

import { dirname, resolve } from 'node:path'
import type { SecurityOptions } from '#apiserver'
import { parsePluginConfiguration } from '#apiserver/admission/plugin-configuration.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Files } from '#host/files.ts'
import type { AdmissionSettings } from './admission-options.ts'
import { bytesOf } from './followed-file.ts'

/** Throws a UserError. */
export function openAdmission(
  { enabled = [], disabled = [], configFile }: AdmissionSettings,
  { files }: { readonly files: Pick<Files, 'read'> },
): Pick<SecurityOptions, 'enabledAdmission' | 'disabledAdmission' | 'pluginConfiguration'> {
  const pluginConfiguration =
    configFile === undefined ? undefined : configurationIn(configFile, files)
  if (enabled.includes('EventRateLimit') && !pluginConfiguration?.eventRateLimit)
    throw new UserError('EventRateLimit needs limits: give them in --admission-control-config-file')
  return {
    enabledAdmission: new Set(enabled),
    disabledAdmission: new Set(disabled),
    ...(pluginConfiguration ? { pluginConfiguration } : {}),
  }
}

function configurationIn(path: string, files: Pick<Files, 'read'>) {
  let bytes: Buffer
  try {
    bytes = bytesOf(path, files)
  } catch (error) {
    throw new UserError(
      `unable to read admission control configuration from ${JSON.stringify(path)} [${messageOf(error)}]`,
    )
  }
  // Files that it names are beside it.
  return parsePluginConfiguration(bytes, path, name => bytesOf(resolve(dirname(path), name), files))
}
