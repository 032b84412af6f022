/**
 * Reads where the API server is and who one is, from a kubeconfig or from inside a pod. Only what Proa's roles need:
 * certificates, tokens and token files. Credential plugins are refused in a clear sentence.
 */
import { UserError } from '#base/errors.ts'
import { hostPort } from '#base/host-port.ts'

/** How to reach and to convince one server. PEM texts, not file names. */
export interface Connection {
  /** `https://host:port`, with a path where the server lives below one. */
  readonly server: string
  readonly certificateAuthority?: string
  readonly clientCertificate?: string
  readonly clientKey?: string
  /** A bearer token, or how to read it anew: tokens in pods are replaced every hour. */
  readonly token?: string | (() => Promise<string>)
  readonly insecureSkipTlsVerify?: boolean
  /** The name that the server's certificate must carry, where it is not the address. */
  readonly tlsServerName?: string
  /** The namespace that the context names. */
  readonly namespace: string
}

export interface Files {
  /** The text of a file; rejects when there is none. */
  readonly read: (path: string) => Promise<string>
  /** Joins a name in a kubeconfig to the directory of that kubeconfig. */
  readonly resolve: (name: string) => string
}

/** The parts of a kubeconfig file that Proa reads; the rest is ignored. */
interface KubeconfigFile {
  readonly 'current-context'?: string
  readonly clusters?: readonly { name: string; cluster?: Readonly<Record<string, unknown>> }[]
  readonly users?: readonly { name: string; user?: Readonly<Record<string, unknown>> }[]
  readonly contexts?: readonly { name: string; context?: Readonly<Record<string, unknown>> }[]
}

/** The connection that a kubeconfig's context (the current one by default) describes. Throws UserError. */
export async function connectionFromKubeconfig(
  text: string,
  files: Files,
  context?: string,
): Promise<Connection> {
  const file = await parse(text)
  const contextName = context ?? file['current-context'] ?? ''
  const chosen = named(file.contexts, contextName, 'context')?.context ?? {}
  const cluster = named(file.clusters, String(chosen.cluster ?? ''), 'cluster')?.cluster ?? {}
  const userName = String(chosen.user ?? '')
  const user = userName ? (named(file.users, userName, 'user')?.user ?? {}) : {}
  for (const unsupported of ['exec', 'auth-provider', 'username'])
    if (user[unsupported])
      throw new UserError(
        `user "${userName}" of the kubeconfig signs in by ${unsupported}, which Proa does not do; use a client certificate or a token`,
      )
  const server = cluster.server
  if (typeof server !== 'string' || !URL.canParse(server))
    throw new UserError(`the kubeconfig's cluster "${chosen.cluster}" names no server URL`)

  const pem = (of: Readonly<Record<string, unknown>>, field: string) => textOf(of, field, files)
  const certificateAuthority = await pem(cluster, 'certificate-authority')
  const clientCertificate = await pem(user, 'client-certificate')
  const clientKey = await pem(user, 'client-key')
  const token = tokenOf(user, files)
  return {
    server,
    ...(certificateAuthority ? { certificateAuthority } : {}),
    ...(clientCertificate ? { clientCertificate } : {}),
    ...(clientKey ? { clientKey } : {}),
    ...(token ? { token } : {}),
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecureSkipTlsVerify: true } : {}),
    ...(typeof cluster['tls-server-name'] === 'string'
      ? { tlsServerName: cluster['tls-server-name'] }
      : {}),
    namespace: typeof chosen.namespace === 'string' ? chosen.namespace : 'default',
  }
}

const SERVICE_ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The connection that every pod is given. Throws UserError outside of one. */
export async function connectionInCluster(
  environment: Readonly<Record<string, string | undefined>>,
  files: Pick<Files, 'read'>,
): Promise<Connection> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment
  if (!host || !port)
    throw new UserError(
      'this is not a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; pass --kubeconfig',
    )
  const inDirectory = (name: string) => files.read(`${SERVICE_ACCOUNT_DIRECTORY}/${name}`)
  return {
    server: `https://${hostPort(host, port)}`,
    certificateAuthority: await inDirectory('ca.crt'),
    token: async () => (await inDirectory('token')).trim(),
    namespace: (await inDirectory('namespace').catch(() => 'default')).trim(),
  }
}

async function parse(text: string): Promise<KubeconfigFile> {
  const { parseYaml } = await import('#api/machinery/yaml.ts')
  let file: unknown
  try {
    file = parseYaml(new TextEncoder().encode(text))
  } catch (error) {
    throw new UserError(`the kubeconfig cannot be read: ${(error as Error).message}`)
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new UserError('the kubeconfig cannot be read: it is no YAML object')
  return file as KubeconfigFile
}

function named<T extends { name: string }>(
  items: readonly T[] | undefined,
  name: string,
  what: string,
): T {
  const found = items?.find(item => item.name === name)
  if (found) return found
  throw new UserError(
    name ? `the kubeconfig has no ${what} "${name}"` : `the kubeconfig names no ${what}`,
  )
}

/** `field-data` as base64 wins over `field` as a file, as in kubectl. */
async function textOf(of: Readonly<Record<string, unknown>>, field: string, files: Files) {
  const data = of[`${field}-data`]
  if (typeof data === 'string' && data) return Buffer.from(data, 'base64').toString()
  const path = of[field]
  if (typeof path !== 'string' || !path) return undefined
  return files.read(files.resolve(path)).catch(error => {
    throw new UserError(`the kubeconfig's ${field} cannot be read: ${(error as Error).message}`)
  })
}

function tokenOf(user: Readonly<Record<string, unknown>>, files: Files) {
  const { token, tokenFile } = user
  // A file wins, because its token is replaced while the kubeconfig stays.
  if (typeof tokenFile === 'string' && tokenFile)
    return async () => (await files.read(files.resolve(tokenFile))).trim()
  return typeof token === 'string' && token ? token : undefined
}
