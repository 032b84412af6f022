import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  required,
  tooLong,
} from '../../../machinery/field-error.ts'
import { goShown } from '../../../machinery/go-shown.ts'
import { isInRange, utf8Length } from '../../../machinery/names.ts'
import { among, wrong } from '../validation.ts'
import {
  type AppArmorProfile,
  type PodSecurityContext,
  type SeccompProfile,
  type SecurityContext,
  seccompProfile,
  securityContext,
} from './schema.security.ts'
import type { PodSpec } from './schema.ts'
import { validateWindowsOptions } from './validation.windows.ts'

const LARGEST_ID = 2 ** 31 - 1
const SYSCTL_CHARACTERS = 253
const SYSCTL_NAME = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const sysctlName = new RegExp(`^${SYSCTL_NAME}$`)
/** Volumes mounted with a label of SELinux are behind a gate of upstream's that is off, and so is the choice of them. */
const POLICIES = [
  ['fsGroupChangePolicy', ['Always', 'OnRootMismatch']],
  ['supplementalGroupsPolicy', ['Merge', 'Strict']],
  ['seLinuxChangePolicy', ['Recursive']],
] as const
const PROFILE_BYTES = 4095
const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']

export function validateContainerSecurity(
  path: string,
  context: SecurityContext | undefined,
  hostUsers: boolean | undefined,
): readonly FieldError[] {
  if (!context) return []
  const errors = [...validateIds(path, context)]
  if (context.procMount !== undefined)
    errors.push(...among(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']))
  if (context.procMount === 'Unmasked' && hostUsers !== false)
    errors.push(
      invalid(
        `${path}.procMount`,
        context.procMount,
        '`hostUsers` must be false to use `Unmasked`',
      ),
    )
  errors.push(...validateSeccomp(`${path}.seccompProfile`, context.seccompProfile))
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged)
      errors.push(
        invalid(
          path,
          goShown(securityContext, context),
          'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
        ),
      )
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN'))
      errors.push(
        invalid(
          path,
          goShown(securityContext, context),
          'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ),
      )
  }
  return [
    ...errors,
    ...validateWindowsOptions(`${path}.windowsOptions`, context.windowsOptions),
    ...validateAppArmor(`${path}.appArmorProfile`, context.appArmorProfile),
  ]
}

export function validatePodSecurity(path: string, spec: PodSpec): readonly FieldError[] {
  const context = spec.securityContext ?? {}
  const chosen = (field: (typeof POLICIES)[number]) => oneOfPolicies(path, context, field)
  const isShared = spec.shareProcessNamespace && spec.hostPID
  const sharing = 'ShareProcessNamespace and HostPID cannot both be enabled'
  return [
    ...(context.fsGroup === undefined ? [] : wrongId(`${path}.fsGroup`, context.fsGroup)),
    ...validateIds(path, context),
    ...(context.supplementalGroups ?? []).flatMap((group, index) =>
      wrongId(`${path}.supplementalGroups[${index}]`, group),
    ),
    ...(isShared ? [invalid(`${path}.shareProcessNamespace`, true, sharing)] : []),
    ...validateSysctls(`${path}.sysctls`, context.sysctls ?? [], spec),
    ...chosen(POLICIES[0]),
    ...validateSeccomp(`${path}.seccompProfile`, context.seccompProfile),
    ...validateWindowsOptions(`${path}.windowsOptions`, context.windowsOptions),
    ...validateAppArmor(`${path}.appArmorProfile`, context.appArmorProfile),
    ...chosen(POLICIES[1]),
    ...chosen(POLICIES[2]),
  ]
}

function oneOfPolicies(
  path: string,
  context: PodSecurityContext,
  [field, supported]: (typeof POLICIES)[number],
): readonly FieldError[] {
  return context[field] === undefined ? [] : among(`${path}.${field}`, context[field], supported)
}

/** What a pod with users of its own may not share with its node. */
export function validateHostUsers(path: string, spec: PodSpec): readonly FieldError[] {
  const errors: FieldError[] = []
  if (spec.hostUsers === false)
    // Upstream's paths of two of them begin with a capital.
    for (const [field, shown] of [
      ['hostNetwork', 'hostNetwork'],
      ['hostPID', 'HostPID'],
      ['hostIPC', 'HostIPC'],
    ] as const)
      if (spec[field]) errors.push(forbidden(`${path}.${shown}`, 'when `hostUsers` is false'))
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

function validateSeccomp(path: string, profile: SeccompProfile | undefined): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const errors = validateProfileType(path, type, 'seccompProfile')
  const field = `${path}.localhostProfile`
  if (type === 'Localhost') {
    if (localhostProfile === undefined)
      errors.push(required(field, 'must be set when seccomp type is Localhost'))
    if (localhostProfile?.startsWith('/'))
      errors.push(invalid(field, localhostProfile, 'must be a relative path'))
    if (localhostProfile?.split('/').includes('..'))
      errors.push(invalid(field, localhostProfile, "must not contain '..'"))
  } else if (localhostProfile !== undefined)
    errors.push(
      invalid(
        field,
        goShown(seccompProfile, profile),
        'can only be set when seccomp type is Localhost',
      ),
    )
  return errors
}

export function validateAppArmor(path: string, profile: AppArmorProfile | undefined): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const field = `${path}.localhostProfile`
  if (type === 'Localhost') return validateAppArmorName(field, localhostProfile)
  const errors = validateProfileType(path, type, 'appArmorProfile')
  if (errors.length === 0 && localhostProfile !== undefined)
    errors.push(invalid(field, localhostProfile, 'can only be set when AppArmor type is Localhost'))
  return errors
}

function validateAppArmorName(field: string, name = ''): FieldError[] {
  const errors: FieldError[] = []
  if (name !== name.trim()) errors.push(invalid(field, name, 'must not be padded with whitespace'))
  else if (name === '') errors.push(required(field, 'must be set when AppArmor type is Localhost'))
  if (utf8Length(name) > PROFILE_BYTES) errors.push(tooLong(field, PROFILE_BYTES))
  return errors
}

const validateProfileType = (path: string, type: string, what: string): FieldError[] =>
  type
    ? [...among(`${path}.type`, type, profileTypes)]
    : [required(`${path}.type`, `type is required when ${what} is set`)]

const ipcSysctl = /^(kernel\.shm|kernel\.msg|kernel\.sem$|fs\.mqueue\.)/

/** The namespaces of the host that would have the parameter changed for all, where a pod is in them. */
function sharedBy(name: string): ('hostNetwork' | 'hostIPC')[] {
  const dotted = name.replaceAll('/', '.')
  if (dotted.startsWith('net.')) return ['hostNetwork']
  return ipcSysctl.test(dotted) ? ['hostIPC'] : []
}

function validateSysctls(
  path: string,
  sysctls: readonly { name: string }[],
  spec: PodSpec,
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
    const errors = seen.has(name) ? [duplicate(field, name)] : []
    seen.add(name)
    for (const host of sharedBy(name))
      if (spec[host])
        errors.push(invalid(field, name, `may not be specified when '${host}' is true`))
    return errors
  })
}
