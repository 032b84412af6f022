/** How a machine that knows an address and a token comes to trust the cluster there. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { configMap } from '#api/core/v1/config-map.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { bracketed } from '#base/host-port.ts'
import { createClient } from '#client/api-client.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import type { Connection } from '#client/kubeconfig.ts'
import { parseToken } from './bootstrap-token.ts'
import { authorityHashes } from './joining-access.ts'

export interface Discovery {
  /** `192.168.1.5:6443` */
  readonly address: string
  readonly token: string
  /** `sha256:…` of public keys, one of which must be the authority's; none where the token alone is to be believed. */
  readonly hashes: readonly string[]
  readonly clock: Clock
}

const DEFAULT_PORT = 6443

/**
 * Asks anybody who answers there what the cluster is, and believes it where it is signed with the token and the authority is one of those that
 * are known. Resolves with the connection of a bootstrap token. Throws UserErrors.
 */
export async function discoverCluster(discovery: Discovery): Promise<Connection> {
  const { address, token, hashes, clock } = discovery
  const host = hostOf(address)
  for (const hash of hashes)
    if (!/^sha256:[0-9a-f]{64}$/i.test(hash))
      throw new UserError(
        `--discovery-token-ca-cert-hash wants sha256: and 64 hexadecimal digits, not "${hash}"`,
      )
  const unknown = { server: `https://${host}`, insecureSkipTlsVerify: true, namespace: '' }
  const { kubeconfig } = signedBy(token, await clusterInfo(unknown, clock))
  const { server, certificateAuthority } = clusterIn(kubeconfig)
  const theirs = authorityHashes(certificateAuthority)
  const isKnown = hashes.some(hash => theirs.includes(hash.toLowerCase()))
  if (hashes.length > 0 && !isKnown)
    throw new UserError(
      `the authority of the cluster at ${host} is ${theirs.join(' and ')}, which --discovery-token-ca-cert-hash does not name`,
    )
  const known: Connection = { server, certificateAuthority, token, namespace: '' }
  // Whoever passed that on from elsewhere has no certificate of the authority.
  const again = signedBy(token, await clusterInfo(known, clock))
  if (again.kubeconfig !== kubeconfig)
    throw new UserError(`what ${host} said of the cluster is not what the cluster says`)
  return known
}

/** With its port; of IPv6 in brackets, which may be missing where there is no port. */
export function hostOf(given: string): string {
  const address = isIPv6(given) ? bracketed(given) : given
  const [, inner = ''] = /^\[(.*)\](:\d+)?$/.exec(address) ?? []
  if (isIPv6(inner)) return withPort(address)
  const url = `https://${address}`
  const isHost = URL.canParse(url) && new URL(url).origin === url.replace(/:443$/, '').toLowerCase()
  if (!isHost)
    throw new UserError(
      `proa join wants the address of the API server, HOST:PORT, not "${address}"`,
    )
  return withPort(address)
}

const withPort = (host: string) => (/:\d+$/.test(host) ? host : `${host}:${DEFAULT_PORT}`)

async function clusterInfo(
  connection: Connection,
  clock: Clock,
): Promise<Readonly<Record<string, string>>> {
  const { token: _, ...anonymous } = connection
  const transport = createHttpTransport(anonymous, { clock })
  try {
    const info = await createClient(transport).get(configMap, 'cluster-info', 'kube-public')
    return info.data ?? {}
  } catch (error) {
    throw new UserError(
      `nothing can be learned of the cluster at ${connection.server}: ${messageOf(error)}`,
    )
  } finally {
    await transport.close()
  }
}

export function signedBy(
  token: string,
  data: Readonly<Record<string, string>>,
): { readonly kubeconfig: string } {
  const { id, secret } = parseToken(token)
  const { kubeconfig = '', [`jws-kubeconfig-${id}`]: signature = '' } = data
  const [header = '', between, mac = ''] = signature.split('.')
  if (kubeconfig === '' || mac === '' || between !== '')
    throw new UserError(`the cluster does not know the token ${id}; it may have expired`)
  const payload = Buffer.from(kubeconfig).toString('base64url')
  const made = createHmac('sha256', secret).update(`${header}.${payload}`).digest()
  const given = Buffer.from(mac, 'base64url')
  if (given.length !== made.length || !timingSafeEqual(given, made) || !isHs256(header))
    throw new UserError(
      `what is said of the cluster is not signed with the token ${id}: the token is wrong, or somebody else answers`,
    )
  return { kubeconfig }
}

function isHs256(header: string): boolean {
  try {
    return JSON.parse(Buffer.from(header, 'base64url').toString()).alg === 'HS256'
  } catch {
    return false
  }
}

function clusterIn(kubeconfig: string): { server: string; certificateAuthority: string } {
  interface Cluster {
    readonly server?: unknown
    readonly 'certificate-authority-data'?: unknown
  }
  const { clusters } = (parseYaml(new TextEncoder().encode(kubeconfig)) ?? {}) as {
    readonly clusters?: readonly { readonly cluster?: Cluster }[]
  }
  const { server, 'certificate-authority-data': ca } = clusters?.[0]?.cluster ?? {}
  if (typeof server !== 'string' || !URL.canParse(server) || typeof ca !== 'string' || ca === '')
    throw new UserError('the cluster does not say where it is and by whom it is known')
  return { server, certificateAuthority: Buffer.from(ca, 'base64').toString() }
}
