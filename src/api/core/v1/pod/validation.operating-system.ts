/** What means nothing to the operating system that the pod says it is for. */
import { type FieldError, forbidden, required } from '../../../machinery/field-error.ts'
import { among } from '../validation.ts'
import type { Container } from './schema.container.ts'
import type { PodSecurityContext, SecurityContext } from './schema.security.ts'
import type { PodSpec } from './schema.ts'

const NOT_FOR_WINDOWS = 'cannot be set for a windows pod'
const NOT_FOR_LINUX = 'windows options cannot be set for a linux pod'

/** In the order in which upstream tells them; the others are of the pod's security context. */
const ofSpec = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const
const ofPod: readonly (keyof PodSecurityContext | (typeof ofSpec)[number])[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'shareProcessNamespace',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
]
const ofContainer: readonly (keyof SecurityContext)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
]

export function validateOperatingSystem(
  path: string,
  name: string,
  spec: PodSpec,
): readonly FieldError[] {
  if (!name) return [required(`${path}.os.name`)]
  if (name === 'windows') return validateWindows(path, spec)
  return name === 'linux'
    ? validateLinux(path, spec)
    : among(`${path}.os`, name, ['linux', 'windows'])
}

function validateLinux(path: string, spec: PodSpec): readonly FieldError[] {
  const all = [
    { at: `${path}.securityContext`, context: spec.securityContext },
    ...contextsOf(path, spec),
  ]
  return all
    .filter(({ context }) => context?.windowsOptions)
    .map(({ at }) => forbidden(`${at}.windowsOptions`, NOT_FOR_LINUX))
}

function validateWindows(path: string, spec: PodSpec): readonly FieldError[] {
  const isOfSpec = (field: string): field is (typeof ofSpec)[number] =>
    (ofSpec as readonly string[]).includes(field)
  const values = { ...spec.securityContext, ...onlySet(spec) } as Record<string, unknown>
  return [
    ...ofPod
      .filter(field => values[field] !== undefined)
      .map(field =>
        forbidden(`${path}.${isOfSpec(field) ? '' : 'securityContext.'}${field}`, NOT_FOR_WINDOWS),
      ),
    ...contextsOf(path, spec).flatMap(({ at, context }) =>
      ofContainer
        .filter(field => context?.[field] !== undefined)
        .map(field => forbidden(`${at}.${field}`, NOT_FOR_WINDOWS)),
    ),
  ]
}

/** Of the host's namespaces only a yes is refused; those of users and processes may not be spoken of. */
const onlySet = ({ hostUsers, hostPID, hostIPC, shareProcessNamespace }: PodSpec) => ({
  hostUsers,
  hostPID: hostPID || undefined,
  hostIPC: hostIPC || undefined,
  shareProcessNamespace,
})

function contextsOf(path: string, spec: PodSpec) {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap(list =>
    (spec[list] ?? []).map(({ securityContext }: Pick<Container, 'securityContext'>, index) => ({
      at: `${path}.${list}[${index}].securityContext`,
      context: securityContext,
    })),
  )
}
