/** What the machine itself uses for names: where the cluster's DNS forwards to, and what pods get that ask for the node's own DNS. */
import { systemFiles } from '#host/files.ts'
import type { Peer } from '#host/sockets.ts'
import { parseResolvConf } from '#kubelet'
import { DNS_PORT } from './cluster-dns.ts'

const RESOLV_CONF = '/etc/resolv.conf'
/** Where systemd-resolved lists the servers behind its stub on 127.0.0.53, which pods could not reach. */
const RESOLVED_CONF = '/run/systemd/resolve/resolv.conf'

export type NodeDns = ReturnType<typeof parseResolvConf>

/** What the machine says, or a file that somebody names; an empty name means none. */
export function readNodeDns(file?: string): NodeDns {
  if (file === '') return { servers: [], searches: [], options: [] }
  if (file !== undefined) return parse(file)
  const config = parse(RESOLV_CONF)
  const onlyStub = config.servers.every(server => server.startsWith('127.'))
  const behind = onlyStub ? parse(RESOLVED_CONF) : config
  return behind.servers.length > 0 ? behind : config
}

const parse = (path: string): NodeDns => parseResolvConf(systemFiles.read(path)?.toString() ?? '')

/** Servers for names outside the cluster, never ourselves. */
export function upstreamsOf({ servers }: NodeDns, ours: readonly string[]): Peer[] {
  return servers
    .filter(address => !ours.includes(address))
    .map(address => ({ address, port: DNS_PORT }))
}
