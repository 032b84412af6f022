/** Annotations of pods and of their templates that mean something: most of them are from before there was a field. */
import { type FieldError, forbidden, invalid } from '../../../machinery/field-error.ts'
import { syntaxErrorOf } from '../../../machinery/json-syntax.ts'
import { isPlainObject } from '../../../machinery/plain.ts'
import { APP_ARMOR, appArmorProblem, LOCALHOST } from './app-armor.ts'
import type { Toleration } from './schema.affinity.ts'
import type { Pod, PodSpec } from './schema.ts'
import { validateTolerations } from './validation.scheduling.ts'
import { containersOf } from './warnings.ports.ts'

export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
export const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod'
export const CONTAINER_SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/'
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations'
const WITH_MEANING = [MIRROR_ANNOTATION, DELETION_COST, TOLERATIONS, SECCOMP]
const MUST_HAVE_NODE = 'must set spec.nodeName if mirror pod annotation is set'
const SECCOMP_PROFILES = ['runtime/default', 'docker/default', 'unconfined']

type Annotations = Readonly<Record<string, string>>

/** `field` is that of the annotations; `previous` are those that an update found. */
export function validatePodAnnotations(
  field: string,
  annotations: Annotations = {},
  spec: PodSpec,
  previous?: Annotations,
): FieldError[] {
  const keys = Object.keys(annotations).filter(means)
  if (keys.length === 0) return []
  const mirror = annotations[MIRROR_ANNOTATION]
  const cost = annotations[DELETION_COST]
  const seccomp = keys.filter(key => key.startsWith(CONTAINER_SECCOMP))
  return [
    ...(mirror === undefined || spec.nodeName
      ? []
      : [invalid(`${field}[${MIRROR_ANNOTATION}]`, mirror, MUST_HAVE_NODE)]),
    ...validateTolerationsIn(field, annotations[TOLERATIONS]),
    ...(cost === undefined
      ? []
      : validateDeletionCost(`${field}[${DELETION_COST}]`, cost, previous)),
    ...[...(SECCOMP in annotations ? [SECCOMP] : []), ...seccomp].flatMap(key =>
      validateSeccomp(`${field}.${key}`, annotations[key] ?? ''),
    ),
    ...keys
      .filter(key => key.startsWith(APP_ARMOR))
      .flatMap(key => validateAppArmor(field, key, annotations[key] ?? '', spec)),
  ]
}

const means = (key: string) =>
  WITH_MEANING.includes(key) || key.startsWith(CONTAINER_SECCOMP) || key.startsWith(APP_ARMOR)

/** Nobody tolerates anything for them any more, but they still have to be right. */
function validateTolerationsIn(field: string, text = ''): readonly FieldError[] {
  if (text === '') return []
  try {
    const tolerations: unknown = JSON.parse(text)
    const all = Array.isArray(tolerations) ? tolerations.filter(isPlainObject) : []
    return validateTolerations(`${field}.${TOLERATIONS}`, all as Toleration[])
  } catch {
    return [invalid(field, TOLERATIONS, syntaxErrorOf(new TextEncoder().encode(text)))]
  }
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
