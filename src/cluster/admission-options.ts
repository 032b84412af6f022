/** What the flags about admission ask for. */
import {
  BUILT_IN_PLUGINS,
  OPTIONAL_PLUGINS,
  OWN_PLUGINS,
} from '#apiserver/admission/plugin-names.ts'
import { UserError } from '#base/errors.ts'
import type { ValuesOf } from '#cli'

/** By upstream's names. */
export interface AdmissionSettings {
  /** Plugins that are on, too. */
  readonly enabled?: readonly string[]
  readonly disabled?: readonly string[]
  /** An AdmissionConfiguration (apiserver.config.k8s.io/v1). */
  readonly configFile?: string
}

type Values = Pick<
  ValuesOf<'apiserver'>,
  'enableAdmissionPlugins' | 'disableAdmissionPlugins' | 'admissionControlConfigFile'
>

const KNOWN: readonly string[] = [...OWN_PLUGINS, ...BUILT_IN_PLUGINS, ...OPTIONAL_PLUGINS]

/** Nothing where the flags ask for nothing. Throws a UserError. */
export function admissionOptionsOf({
  enableAdmissionPlugins: enabled,
  disableAdmissionPlugins: disabled,
  admissionControlConfigFile: configFile,
}: Values): { readonly admission?: AdmissionSettings } {
  const unknown = Object.entries({
    'enable-admission-plugins': enabled,
    'disable-admission-plugins': disabled,
  }).flatMap(([flag, names]) =>
    names
      .filter(name => !KNOWN.includes(name))
      .map(name => `${flag} plugin ${JSON.stringify(name)} is unknown`),
  )
  if (unknown.length > 0)
    throw new UserError(unknown.length === 1 ? `${unknown[0]}` : `[${unknown.join(', ')}]`)
  const both = enabled.filter(name => disabled.includes(name))
  if (both.length > 0)
    throw new UserError(
      `[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`,
    )
  const builtIn = disabled.filter(name => BUILT_IN_PLUGINS.some(each => each === name))
  if (builtIn.length > 0)
    throw new UserError(`Proa cannot turn off ${builtIn.join(' or ')}: kinds judge that themselves`)
  if (enabled.length + disabled.length === 0 && configFile === undefined) return {}
  return {
    admission: { enabled, disabled, ...(configFile === undefined ? {} : { configFile }) },
  }
}
