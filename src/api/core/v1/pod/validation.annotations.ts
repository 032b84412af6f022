/** Annotations of pods and of their templates that mean something: most of them are from before there was a field. */
import { type FieldError, forbidden, invalid } from '../../../machinery/field-error.ts'
import { APP_ARMOR, appArmorProblem, LOCALHOST } from './app-armor.ts'
import type { Pod, PodSpec } from './schema.ts'
import { containersOf } from './warnings.ports.ts'

export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
export const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod'
export const CONTAINER_SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/'
const SECCOMP_PROFILES = ['runtime/default', 'docker/default', 'unconfined']

type Annotations = Readonly<Record<string, string>>

/** `field` is that of the annotations; `previous` are those that an update found. */
export function validatePodAnnotations(
  field: string,
  annotations: Annotations = {},
  spec: PodSpec,
  previous?: Annotations,
): FieldError[] {
  return Object.entries(annotations).flatMap(([key, value]) => {
    if (key === MIRROR_ANNOTATION && !spec.nodeName)
      return [
        invalid(
          `${field}[${key}]`,
          value,
          'must set spec.nodeName if mirror pod annotation is set',
        ),
      ]
    if (key === DELETION_COST) return validateDeletionCost(`${field}[${key}]`, value, previous)
    if (key === SECCOMP || key.startsWith(CONTAINER_SECCOMP))
      return validateSeccomp(`${field}.${key}`, value)
    return key.startsWith(APP_ARMOR) ? validateAppArmor(field, key, value, spec) : []
  })
}

/** What was no number already may stay one. */
function validateDeletionCost(
  field: string,
  cost: string,
  previous: Annotations | undefined,
): FieldError[] {
  const before = previous?.[DELETION_COST]
  if (isInt32(cost) || (before !== undefined && !isInt32(before))) return []
  return [invalid(field, cost, 'must be a 32bit integer')]
}

const isInt32 = (text: string) =>
  /^(0|-?[1-9]\d*|-0\d*)$/.test(text) && Math.abs(Number(text) + 0.5) < 2 ** 31

function validateSeccomp(field: string, profile: string): FieldError[] {
  if (SECCOMP_PROFILES.includes(profile)) return []
  if (!profile.startsWith(LOCALHOST))
    return [invalid(field, profile, 'must be a valid seccomp profile')]
  const path = profile.slice(LOCALHOST.length)
  return [
    ...(path.startsWith('/') ? [invalid(field, path, 'must be a relative path')] : []),
    ...(path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : []),
  ]
}

function validateAppArmor(
  field: string,
  key: string,
  profile: string,
  spec: PodSpec,
): FieldError[] {
  const name = key.slice(APP_ARMOR.length)
  const isThere = containersOf('spec', spec).some(([, container]) => container.name === name)
  const problem = appArmorProblem(profile)
  return [
    ...(isThere ? [] : [invalid(`${field}[${key}]`, name, 'container not found')]),
    ...(problem ? [invalid(`${field}[${key}]`, profile, problem)] : []),
  ]
}

/** What an update does to those that tell how a pod runs already. */
export function validateAnnotationUpdate({ metadata, spec }: Pod, previous: Pod): FieldError[] {
  const { annotations: next = {} } = metadata
  const { annotations: before = {} } = previous.metadata
  const field = 'metadata.annotations'
  const changed = Object.keys(before).filter(key => next[key] !== before[key])
  const added = Object.keys(next).filter(key => !Object.hasOwn(before, key))
  const refused = (keys: readonly string[], verb: string) =>
    keys.flatMap(key => {
      if (key.startsWith(APP_ARMOR))
        return [forbidden(`${field}[${key}]`, `may not ${verb} AppArmor annotations`)]
      return key === MIRROR_ANNOTATION
        ? [forbidden(`${field}[${key}]`, `may not ${verb} mirror pod annotation`)]
        : []
    })
  return [
    ...refused(changed, 'remove or update'),
    ...refused(added, 'add'),
    ...validatePodAnnotations(field, next, spec, before),
  ]
}
