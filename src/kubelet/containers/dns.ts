/** A pod's resolv.conf, /etc/hosts and host name. Pure. */
import type { Pod } from '../pod-types.ts'

export interface DnsConfig {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

export interface DnsInput {
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
  /** What the node itself uses. */
  readonly node: DnsConfig
}

/** glibc and musl read no more. */
const MAXIMUM_NAMESERVERS = 3
const MAXIMUM_SEARCHES = 32

export function dnsOf(pod: Pod, input: DnsInput): DnsConfig {
  const base = baseOf(pod, input)
  const extra = pod.spec?.dnsConfig
  if (!extra) return base
  const options = new Map<string, string>()
  for (const option of base.options) options.set(option.split(':')[0] ?? '', option)
  for (const { name = '', value } of extra.options ?? [])
    options.set(name, value ? `${name}:${value}` : name)
  return {
    servers: unique([...base.servers, ...(extra.nameservers ?? [])]).slice(0, MAXIMUM_NAMESERVERS),
    searches: unique([...base.searches, ...(extra.searches ?? [])]).slice(0, MAXIMUM_SEARCHES),
    options: [...options.values()],
  }
}

function baseOf(pod: Pod, { clusterDns, clusterDomain, node }: DnsInput): DnsConfig {
  const policy = pod.spec?.dnsPolicy || 'ClusterFirst'
  if (policy === 'None') return { servers: [], searches: [], options: [] }
  const hostNetwork = pod.spec?.hostNetwork === true
  const cluster =
    policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !hostNetwork)
  if (!cluster || clusterDns.length === 0) return node
  const { namespace } = pod.metadata
  return {
    servers: clusterDns,
    searches: unique([
      `${namespace}.svc.${clusterDomain}`,
      `svc.${clusterDomain}`,
      clusterDomain,
      ...node.searches,
    ]).slice(0, MAXIMUM_SEARCHES),
    options: ['ndots:5'],
  }
}

const unique = (values: readonly string[]) => [...new Set(values)]

export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = []
  let searches: string[] = []
  let options: string[] = []
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/)
    if (word === 'nameserver' && rest[0]) servers.push(rest[0])
    if (word === 'search' || word === 'domain') searches = rest.filter(name => name !== '.')
    if (word === 'options') options = rest
  }
  return { servers, searches, options }
}

/** Longest host name that Linux takes. */
const HOSTNAME_LIMIT = 63

/** Longest that the kernel takes as a host name. */
const KERNEL_NAME_LIMIT = 64

export interface PodHostname {
  readonly hostname: string
  /** `web.sub.default.svc.cluster.local` where the pod has a subdomain, else empty. */
  readonly domain: string
}

export function hostnameOf(pod: Pod, clusterDomain: string): PodHostname {
  const { hostnameOverride } = pod.spec ?? {}
  if (hostnameOverride !== undefined) return { hostname: hostnameOverride, domain: '' }
  const name = pod.spec?.hostname || pod.metadata.name || ''
  const hostname = name.slice(0, HOSTNAME_LIMIT).replace(/[-.]+$/, '')
  const { subdomain } = pod.spec ?? {}
  const domain = subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : ''
  return { hostname, domain }
}

/** What the kernel is told: the short name, or the whole one where the pod wants that. Throws upstream's sentence where it is too long. */
export function kernelNameOf(pod: Pod, { hostname, domain }: PodHostname): string {
  if (!pod.spec?.setHostnameAsFQDN || domain === '') return hostname
  const name = `${hostname}.${domain}`
  if (name.length > KERNEL_NAME_LIMIT)
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${name} is too long (${KERNEL_NAME_LIMIT} characters is the max, ${name.length} characters requested)`,
    )
  return name
}

const HOSTS_HEAD = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`

/** The managed /etc/hosts. `nodeHosts` replaces the head for pods on the host's network. */
export function hostsFile(
  pod: Pod,
  ips: readonly string[],
  name: PodHostname,
  nodeHosts: string | undefined,
): string {
  let text =
    nodeHosts === undefined
      ? HOSTS_HEAD
      : `# Kubernetes-managed hosts file (host network).\n${nodeHosts}`
  if (nodeHosts === undefined)
    for (const ip of ips)
      text += name.domain
        ? `${ip}\t${name.hostname}.${name.domain}\t${name.hostname}\n`
        : `${ip}\t${name.hostname}\n`
  const aliases = pod.spec?.hostAliases ?? []
  if (aliases.length === 0) return text
  text += '\n# Entries added by HostAliases.\n'
  for (const { ip, hostnames } of aliases) text += `${ip}\t${(hostnames ?? []).join('\t')}\n`
  return text
}
