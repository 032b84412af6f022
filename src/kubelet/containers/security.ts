/** Security contexts of pod and container, merged and told to the runtime. Pure. */
import type { AnyContainer, Pod } from '../pod-types.ts'
import type { Image, LinuxSecurityContext } from '../runtime.ts'
import { configError } from './config-error.ts'

/** Parts of /proc and /sys that containers must not see or change, unless they ask for an unmasked /proc. */
const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/** Throws a StartError where `runAsNonRoot` is asked for and can't be promised. */
export function containerSecurity(
  pod: Pod,
  container: AnyContainer,
  image: Image | undefined,
): LinuxSecurityContext {
  const ofPod = pod.spec?.securityContext ?? {}
  const own = container.securityContext ?? {}
  const runAsUser = own.runAsUser ?? ofPod.runAsUser
  const nonRoot = own.runAsNonRoot ?? ofPod.runAsNonRoot
  if (nonRoot) refuseRoot(pod, container, runAsUser, image)
  const privileged = own.privileged ?? false
  const user = runAsUser ?? image?.uid
  const group = own.runAsGroup ?? ofPod.runAsGroup
  const selinux = own.seLinuxOptions ?? ofPod.seLinuxOptions
  const apparmor = own.appArmorProfile ?? ofPod.appArmorProfile
  return {
    privileged,
    ...(user !== undefined ? { runAsUser: user } : {}),
    ...(group !== undefined ? { runAsGroup: group } : {}),
    ...(user === undefined && image?.username ? { runAsUserName: image.username } : {}),
    supplementalGroups: groupsOf(pod),
    ...(ofPod.supplementalGroupsPolicy === 'Strict' ? { strictGroups: true } : {}),
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    addCapabilities: (own.capabilities?.add ?? []).map(capability),
    dropCapabilities: (own.capabilities?.drop ?? []).map(capability),
    seccomp: privileged
      ? { type: 'Unconfined' }
      : profile(own.seccompProfile ?? ofPod.seccompProfile),
    // Told only where it is asked for: a node without AppArmor refuses every profile.
    ...(apparmor ? { apparmor: profile(apparmor) } : {}),
    ...(selinux ? { selinux } : {}),
    ...(privileged || own.procMount === 'Unmasked'
      ? { maskedPaths: [], readonlyPaths: [] }
      : { maskedPaths: MASKED_PATHS, readonlyPaths: READONLY_PATHS }),
  }
}

export function sandboxSecurity(pod: Pod): LinuxSecurityContext {
  const ofPod = pod.spec?.securityContext ?? {}
  const selinux = ofPod.seLinuxOptions
  return {
    privileged: (pod.spec?.containers ?? []).some(c => c.securityContext?.privileged),
    ...(ofPod.runAsUser !== undefined ? { runAsUser: ofPod.runAsUser } : {}),
    ...(ofPod.runAsGroup !== undefined ? { runAsGroup: ofPod.runAsGroup } : {}),
    supplementalGroups: groupsOf(pod),
    ...(ofPod.supplementalGroupsPolicy === 'Strict' ? { strictGroups: true } : {}),
    seccomp: { type: 'RuntimeDefault' },
    ...(selinux ? { selinux } : {}),
  }
}

function groupsOf(pod: Pod): readonly number[] {
  const { fsGroup, supplementalGroups = [] } = pod.spec?.securityContext ?? {}
  return fsGroup === undefined || supplementalGroups.includes(fsGroup)
    ? supplementalGroups
    : [fsGroup, ...supplementalGroups]
}

const capability = (name: string) => name.replace(/^CAP_/, '')

interface Profile {
  readonly type: string
  readonly localhostProfile?: string
}

type RuntimeProfile = NonNullable<LinuxSecurityContext['seccomp']>

function profile(asked: Profile | undefined): RuntimeProfile {
  if (!asked) return { type: 'Unconfined' }
  return {
    type: asked.type as RuntimeProfile['type'],
    ...(asked.localhostProfile ? { path: asked.localhostProfile } : {}),
  }
}

function refuseRoot(
  pod: Pod,
  container: AnyContainer,
  runAsUser: number | undefined,
  image: Image | undefined,
): void {
  const where = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw configError(`container's runAsUser breaks non-root policy ${where}`)
    return
  }
  if (image?.uid !== undefined) {
    if (image.uid === 0)
      throw configError(`container has runAsNonRoot and image will run as root ${where}`)
    return
  }
  if (image?.username)
    throw configError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    )
  throw configError(`container has runAsNonRoot and image will run as root ${where}`)
}
