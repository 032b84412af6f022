/** What the runtime is told about a pod as a whole. Pure. */
import { rfc3339Micro } from '#base/clock.ts'
import { CONFIG_SEEN, CONFIG_SOURCE, podLabels, podLogDirectory } from '../labels.ts'
import type { KubeletContext } from '../options.ts'
import type { Pod } from '../pod-types.ts'
import type { IdRange, SandboxConfig } from '../runtime.ts'
import { qosClassOf } from '../status/qos.ts'
import { type DnsConfig, dnsOf, hostnameOf, kernelNameOf } from './dns.ts'
import { sandboxSecurity } from './security.ts'

export function sandboxConfigOf(
  pod: Pod,
  attempt: number,
  { options, clock }: KubeletContext,
  ids?: IdRange,
): SandboxConfig {
  const spec = pod.spec
  const hostNetwork = spec?.hostNetwork === true
  const hostname = kernelNameOf(pod, hostnameOf(pod, options.clusterDomain))
  const dns = sandboxDns(pod, options)
  return {
    name: pod.metadata.name ?? '',
    namespace: pod.metadata.namespace ?? '',
    uid: pod.metadata.uid ?? '',
    attempt,
    // A pod on the host's network shares the host's name as well.
    hostname: hostNetwork ? options.hostAccess.facts.hostname : hostname,
    logDirectory: podLogDirectory(options.podLogsDirectory, pod),
    ...(dns ? { dns } : {}),
    portMappings: hostNetwork ? [] : portMappingsOf(pod),
    labels: { ...pod.metadata.labels, ...podLabels(pod) },
    annotations: {
      ...pod.metadata.annotations,
      [CONFIG_SEEN]: rfc3339Micro(clock.now()),
      [CONFIG_SOURCE]: 'api',
    },
    cgroupParent: cgroupOf(pod, options.cgroupRoot),
    hostNetwork,
    hostPid: spec?.hostPID === true,
    hostIpc: spec?.hostIPC === true,
    shareProcessNamespace: spec?.shareProcessNamespace === true,
    ...(ids ? { ids } : {}),
    sysctls: Object.fromEntries(
      (spec?.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value]),
    ),
    securityContext: sandboxSecurity(pod),
  }
}

/** Undefined leaves the node's own resolv.conf to the runtime: nothing was asked for and nothing is known. */
function sandboxDns(pod: Pod, options: KubeletContext['options']): DnsConfig | undefined {
  const { clusterDns, clusterDomain, nodeDns } = options
  const dns = dnsOf(pod, { clusterDns, clusterDomain, node: nodeDns })
  const isEmpty = dns.servers.length + dns.searches.length + dns.options.length === 0
  return isEmpty && pod.spec?.dnsPolicy !== 'None' ? undefined : dns
}

function portMappingsOf(pod: Pod): SandboxConfig['portMappings'] {
  const mappings: SandboxConfig['portMappings'][number][] = []
  for (const { ports = [] } of pod.spec?.containers ?? [])
    for (const port of ports)
      mappings.push({
        protocol: (port.protocol || 'TCP') as 'TCP' | 'UDP' | 'SCTP',
        containerPort: port.containerPort,
        hostPort: port.hostPort ?? 0,
        hostIp: port.hostIP ?? '',
      })
  return mappings
}

/** `/kubepods/burstable/pod<uid>`; Guaranteed pods lie directly below `/kubepods`. */
export function cgroupOf(pod: Pod, root: string): string {
  if (!root) return ''
  const qos = qosClassOf(pod)
  const tier = qos === 'Guaranteed' ? '' : `/${qos.toLowerCase()}`
  return `${root}${tier}/pod${pod.metadata.uid}`
}
