/** AppArmor was chosen by annotations before there was a field; who still does so gets the field. */
import { goQuote } from '../../../machinery/go-quote.ts'
import { sameValue } from '../validation.ts'
import type { AppArmorProfile } from './schema.security.ts'
import type { Pod } from './schema.ts'
import { validateAppArmor } from './validation.security.ts'
import { containersOf } from './warnings.ports.ts'

/** Before the name of a container. */
export const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
export const LOCALHOST = 'localhost/'
export const USE_FIELD = 'deprecated since v1.30; use the "appArmorProfile" field instead'

const types: Readonly<Record<string, 'RuntimeDefault' | 'Unconfined'>> = {
  'runtime/default': 'RuntimeDefault',
  unconfined: 'Unconfined',
}

/** What is wrong with the value of such an annotation. */
export function appArmorProblem(value: string): string | undefined {
  if (value === '' || Object.hasOwn(types, value) || value.startsWith(LOCALHOST)) return undefined
  return `invalid AppArmor profile name: ${goQuote(value)}`
}

/** The field that says what the annotation does, where it says anything that a field may. */
function profileOf(value: string): AppArmorProfile | undefined {
  const type = Object.hasOwn(types, value) ? types[value] : undefined
  if (type) return { type }
  const name = value.slice(LOCALHOST.length)
  if (!value.startsWith(LOCALHOST) || name === '') return undefined
  const profile: AppArmorProfile = { type: 'Localhost', localhostProfile: name }
  return validateAppArmor('', profile).length > 0 ? undefined : profile
}

/** Changes a new pod; gives what its creator is told. */
export function adoptAppArmor({ metadata, spec }: Pod): string[] {
  const { annotations } = metadata
  if (!annotations || spec.os?.name === 'windows') return []
  if (!Object.keys(annotations).some(key => key.startsWith(APP_ARMOR))) return []
  const { appArmorProfile: ofPod } = spec.securityContext ?? {}
  return containersOf('spec', spec).flatMap(([, container]) => {
    const key = `${APP_ARMOR}${container.name}`
    const value = annotations[key]
    if (value === undefined || container.securityContext?.appArmorProfile) return []
    const profile = profileOf(value)
    if (profile && sameValue(profile, ofPod)) return []
    if (profile)
      container.securityContext = { ...container.securityContext, appArmorProfile: profile }
    return [`metadata.annotations[${key}]: ${USE_FIELD}`]
  })
}
