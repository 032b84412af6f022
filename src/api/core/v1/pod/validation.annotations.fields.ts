/** Old annotations that stand beside the fields that took their place: both have to say the same. */
import { type FieldError, forbidden } from '../../../machinery/field-error.ts'
import { APP_ARMOR, LOCALHOST } from './app-armor.ts'
import type { AppArmorProfile, SeccompProfile } from './schema.security.ts'
import type { PodSpec } from './schema.ts'
import { CONTAINER_SECCOMP, SECCOMP } from './validation.annotations.ts'
import { containersOf } from './warnings.ports.ts'

type Profile = AppArmorProfile | SeccompProfile

interface Sort {
  readonly named: 'apparmor' | 'seccomp'
  /** What annotations say for each type but Localhost. */
  readonly values: Readonly<Record<string, readonly string[]>>
}

const seccomp: Sort = {
  named: 'seccomp',
  values: { Unconfined: ['unconfined'], RuntimeDefault: ['runtime/default', 'docker/default'] },
}
const appArmor: Sort = {
  named: 'apparmor',
  values: { Unconfined: ['unconfined'], RuntimeDefault: ['runtime/default'] },
}

/** `path` is that of the spec. */
export function validateFieldsBesideAnnotations(
  path: string,
  annotations: Readonly<Record<string, string>> | undefined,
  spec: PodSpec,
): FieldError[] {
  // Of nearly all pods.
  if (!annotations || !Object.keys(annotations).some(isOld)) return []
  const { securityContext: ofPod } = spec
  const containers = containersOf(path, spec)
  return [
    ...differing(
      seccomp,
      `${path}.securityContext.seccompProfile`,
      annotations[SECCOMP],
      ofPod?.seccompProfile,
    ),
    ...containers.flatMap(([at, { name, securityContext }]) =>
      differing(
        seccomp,
        `${at}.securityContext.seccompProfile`,
        annotations[`${CONTAINER_SECCOMP}${name}`],
        securityContext?.seccompProfile,
      ),
    ),
    ...(spec.os?.name === 'windows' ? [] : containers).flatMap(([at, { name, securityContext }]) =>
      differing(
        appArmor,
        `${at}.securityContext.appArmorProfile`,
        annotations[`${APP_ARMOR}${name}`],
        securityContext?.appArmorProfile ?? ofPod?.appArmorProfile,
      ),
    ),
  ]
}

const isOld = (key: string) =>
  key === SECCOMP || key.startsWith(CONTAINER_SECCOMP) || key.startsWith(APP_ARMOR)

function differing(
  { named, values }: Sort,
  path: string,
  annotation: string | undefined,
  profile: Profile | undefined,
): FieldError[] {
  if (annotation === undefined || !profile) return []
  const { type, localhostProfile } = profile
  const otherType = forbidden(`${path}.type`, `${named} type in annotation and field must match`)
  if (type === 'Localhost') {
    if (!annotation.startsWith(LOCALHOST)) return [otherType]
    return annotation === `${LOCALHOST}${localhostProfile}`
      ? []
      : [
          forbidden(
            `${path}.localhostProfile`,
            `${named} profile in annotation and field must match`,
          ),
        ]
  }
  // A type that there is not is told by itself.
  return values[type]?.includes(annotation) === false ? [otherType] : []
}
