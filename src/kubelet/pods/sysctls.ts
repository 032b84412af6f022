/** Which kernel parameters a pod may set: those that touch nobody else, and what the node's administrator allows beside. Pure. */
import type { Pod } from '../pod-types.ts'
import type { PodFailure } from '../status/pod-status.ts'

/** Upstream's list. */
const SAFE: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
])

/** Undefined where all are allowed; `unsafe` has names, and beginnings with a `*` behind. */
export function forbiddenSysctl({ spec }: Pod, unsafe: readonly string[]): PodFailure | undefined {
  for (const { name } of spec?.securityContext?.sysctls ?? []) {
    const why = whyNot(
      dotted(name),
      { hostNetwork: spec?.hostNetwork, hostIpc: spec?.hostIPC },
      unsafe,
    )
    if (why) return { reason: 'SysctlForbidden', message: `forbidden sysctl: ${why}` }
  }
  return undefined
}

interface Shared {
  readonly hostNetwork: boolean | undefined
  readonly hostIpc: boolean | undefined
}

function whyNot(
  name: string,
  { hostNetwork, hostIpc }: Shared,
  unsafe: readonly string[],
): string | undefined {
  const isAllowed = SAFE.has(name) || unsafe.some(pattern => matches(dotted(pattern), name))
  if (!isAllowed) return `"${name}" not allowlisted`
  // There it would be the node's.
  const namespace = namespaceOf(name)
  if (namespace === 'net' && hostNetwork) return `"${name}" not allowed with host net enabled`
  if (namespace === 'ipc' && hostIpc) return `"${name}" not allowed with host ipc enabled`
  return undefined
}

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern

function namespaceOf(name: string): 'net' | 'ipc' | undefined {
  if (name.startsWith('net.')) return 'net'
  return /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(name) ? 'ipc' : undefined
}

/** Names may be written with slashes, within whose parts dots are letters. */
function dotted(name: string): string {
  const first = /[./]/.exec(name)?.[0]
  if (first !== '/') return name
  return name.replaceAll(/[./]/g, letter => (letter === '/' ? '.' : '/'))
}
