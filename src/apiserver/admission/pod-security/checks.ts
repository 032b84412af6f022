/** All checks, in the order in which violations are told, and since which version of Kubernetes each holds. */
import * as baseline from './baseline.ts'
import { type Check, type CheckedPod, hasOwnUsers, isOnWindows, unless } from './check.ts'
import type { Standard } from './policy.ts'
import * as restricted from './restricted.ts'

const SINCE_1_27 = ['net.ipv4.ip_local_reserved_ports']
const SINCE_1_29 = [
  ...SINCE_1_27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]
const SINCE_1_32 = [...SINCE_1_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']

export const checks: readonly Check[] = [
  { id: 'appArmorProfile', level: 'baseline', since: [[0, baseline.appArmorProfile]] },
  { id: 'capabilities_baseline', level: 'baseline', since: [[0, baseline.capabilities]] },
  { id: 'hostNamespaces', level: 'baseline', since: [[0, baseline.hostNamespaces]] },
  { id: 'hostPathVolumes', level: 'baseline', since: [[0, baseline.hostPathVolumes]] },
  { id: 'hostPorts', level: 'baseline', since: [[0, baseline.hostPorts]] },
  {
    id: 'hostProbesAndHostLifecycle',
    level: 'baseline',
    since: [[34, baseline.hostProbesAndHostLifecycle]],
  },
  { id: 'privileged', level: 'baseline', since: [[0, baseline.privileged]] },
  {
    id: 'procMount',
    level: 'baseline',
    since: [
      [0, baseline.procMount],
      [35, unless(hasOwnUsers, baseline.procMount)],
    ],
  },
  {
    id: 'seLinuxOptions',
    level: 'baseline',
    since: [
      [0, baseline.seLinuxOptions()],
      [31, baseline.seLinuxOptions(['container_engine_t'])],
    ],
  },
  {
    id: 'seccompProfile_baseline',
    level: 'baseline',
    since: [
      [0, baseline.seccompAnnotations],
      [19, baseline.seccompProfile],
    ],
  },
  {
    id: 'sysctls',
    level: 'baseline',
    since: [
      [0, baseline.sysctls()],
      [27, baseline.sysctls(...SINCE_1_27)],
      [29, baseline.sysctls(...SINCE_1_29)],
      [32, baseline.sysctls(...SINCE_1_32)],
    ],
  },
  { id: 'windowsHostProcess', level: 'baseline', since: [[0, baseline.windowsHostProcess]] },
  {
    id: 'allowPrivilegeEscalation',
    level: 'restricted',
    since: [
      [8, restricted.allowPrivilegeEscalation],
      [25, unless(isOnWindows, restricted.allowPrivilegeEscalation)],
    ],
  },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    since: [
      [22, restricted.capabilities],
      [25, unless(isOnWindows, restricted.capabilities)],
    ],
    replaces: 'capabilities_baseline',
  },
  {
    id: 'procMount_restricted',
    level: 'restricted',
    since: [[35, baseline.procMount]],
    replaces: 'procMount',
  },
  {
    id: 'restrictedVolumes',
    level: 'restricted',
    since: [[0, restricted.restrictedVolumes]],
    replaces: 'hostPathVolumes',
  },
  {
    id: 'runAsNonRoot',
    level: 'restricted',
    since: [
      [0, restricted.runAsNonRoot],
      [35, unless(hasOwnUsers, restricted.runAsNonRoot)],
    ],
  },
  {
    id: 'runAsUser',
    level: 'restricted',
    since: [
      [23, restricted.runAsUser],
      [35, unless(hasOwnUsers, restricted.runAsUser)],
    ],
  },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    since: [
      [19, restricted.seccompProfileSet],
      [25, unless(isOnWindows, restricted.seccompProfileSet)],
    ],
    replaces: 'seccompProfile_baseline',
  },
]

/** What is wrong with a pod by a standard. */
export interface Finding {
  /** `host namespaces, privileged` */
  readonly reasons: string
  /** The same with what exactly, in parentheses. */
  readonly details: string
}

/** Undefined where nothing is wrong. */
export function findingOf({ level, minor }: Standard, pod: CheckedPod): Finding | undefined {
  if (level === 'privileged') return undefined
  const held = checks.filter(
    check => (check.level === 'baseline' || level === 'restricted') && ruleIn(check, minor),
  )
  const replaced = new Set(held.map(({ replaces }) => replaces))
  const violations = held
    .filter(({ id }) => !replaced.has(id))
    .flatMap(check => ruleIn(check, minor)?.(pod) ?? [])
  if (violations.length === 0) return undefined
  return {
    reasons: violations.map(({ reason }) => reason).join(', '),
    details: violations.map(({ reason, detail }) => `${reason} (${detail})`).join(', '),
  }
}

const ruleIn = ({ since }: Check, minor: number) => since.findLast(([first]) => first <= minor)?.[1]
