import { type FieldError, forbidden, invalid, required } from '../../../machinery/field-error.ts'
import { isInRange } from '../../../machinery/names.ts'
import { given, oneOf, wrong } from '../validation.ts'
import type {
  AppArmorProfile,
  PodSecurityContext,
  SeccompProfile,
  SecurityContext,
} from './schema.security.ts'
import type { PodSpec } from './schema.ts'

const LARGEST_ID = 2 ** 31 - 1
const SYSCTL_CHARACTERS = 253
const SYSCTL_NAME = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const sysctlName = new RegExp(`^${SYSCTL_NAME}$`)
const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']

export function validateContainerSecurity(
  path: string,
  context: SecurityContext | undefined,
  hostUsers: boolean | undefined,
): readonly FieldError[] {
  if (!context) return []
  const errors = [
    ...validateIds(path, context),
    ...validateProfiles(path, context),
    ...given(`${path}.procMount`, context.procMount, text =>
      text === 'Default' || text === 'Unmasked' ? [] : ['must be Default or Unmasked'],
    ),
  ]
  if (context.procMount === 'Unmasked' && hostUsers !== false)
    errors.push(
      invalid(
        `${path}.procMount`,
        context.procMount,
        '`hostUsers` must be false to use `Unmasked`',
      ),
    )
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged)
      errors.push(
        invalid(
          path,
          context,
          'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
        ),
      )
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN'))
      errors.push(
        invalid(
          path,
          context,
          'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ),
      )
  }
  return errors
}

export function validatePodSecurity(path: string, spec: PodSpec): readonly FieldError[] {
  const context = spec.securityContext ?? {}
  const errors: FieldError[] = [
    ...validateIds(path, context),
    ...validateProfiles(path, context),
    ...validateSysctls(`${path}.sysctls`, context.sysctls ?? []),
  ]
  if (context.fsGroup !== undefined) errors.push(...wrongId(`${path}.fsGroup`, context.fsGroup))
  for (const [index, group] of (context.supplementalGroups ?? []).entries())
    errors.push(...wrongId(`${path}.supplementalGroups[${index}]`, group))
  if (context.fsGroupChangePolicy !== undefined)
    errors.push(
      ...oneOf(`${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, [
        'Always',
        'OnRootMismatch',
      ]),
    )
  if (context.supplementalGroupsPolicy !== undefined)
    errors.push(
      ...oneOf(`${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, [
        'Merge',
        'Strict',
      ]),
    )
  if (spec.shareProcessNamespace && spec.hostPID)
    errors.push(
      invalid(
        `${path}.shareProcessNamespace`,
        true,
        'ShareProcessNamespace and HostPID cannot both be enabled',
      ),
    )
  if (spec.hostUsers === false)
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const)
      if (spec[field])
        errors.push(forbidden(path.replace(/securityContext$/, field), 'when `hostUsers` is false'))
  return errors
}

function validateIds(
  path: string,
  { runAsUser, runAsGroup }: SecurityContext | PodSecurityContext,
): readonly FieldError[] {
  return [
    ...(runAsUser === undefined ? [] : wrongId(`${path}.runAsUser`, runAsUser)),
    ...(runAsGroup === undefined ? [] : wrongId(`${path}.runAsGroup`, runAsGroup)),
  ]
}

const wrongId = (field: string, id: number) => wrong(field, id, isInRange(id, 0, LARGEST_ID))

function validateProfiles(
  path: string,
  context: SecurityContext | PodSecurityContext,
): readonly FieldError[] {
  return [
    ...validateProfile(`${path}.seccompProfile`, context.seccompProfile, 'seccomp'),
    ...validateProfile(`${path}.appArmorProfile`, context.appArmorProfile, 'AppArmor'),
  ]
}

function validateProfile(
  path: string,
  profile: SeccompProfile | AppArmorProfile | undefined,
  what: string,
): readonly FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const errors = [...oneOf(`${path}.type`, type, profileTypes)]
  const field = `${path}.localhostProfile`
  if (type === 'Localhost') {
    if (!localhostProfile)
      errors.push(required(field, `must be set when ${what} type is Localhost`))
    else if (what === 'seccomp') {
      if (localhostProfile.startsWith('/'))
        errors.push(invalid(field, localhostProfile, 'must be a relative path'))
      if (localhostProfile.split('/').includes('..'))
        errors.push(invalid(field, localhostProfile, "must not contain '..'"))
    }
  } else if (localhostProfile !== undefined)
    errors.push(invalid(field, localhostProfile, `can only be set when ${what} type is Localhost`))
  return errors
}

function validateSysctls(
  path: string,
  sysctls: readonly { name: string }[],
): readonly FieldError[] {
  const seen = new Set<string>()
  return sysctls.flatMap(({ name }, index) => {
    const field = `${path}[${index}].name`
    if (!name) return [required(field)]
    if (name.length > SYSCTL_CHARACTERS || !sysctlName.test(name))
      return [
        invalid(
          field,
          name,
          `must have at most ${SYSCTL_CHARACTERS} characters and match regex ^${SYSCTL_NAME}$`,
        ),
      ]
    const isTwice = seen.has(name.replaceAll('/', '.'))
    seen.add(name.replaceAll('/', '.'))
    return isTwice ? [invalid(field, name, 'is given twice')] : []
  })
}
