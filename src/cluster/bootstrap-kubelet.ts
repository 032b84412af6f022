/**
 * As whom a kubelet that runs alone asks the API server. One that comes for the first time asks, with what its bootstrap kubeconfig lets it do,
 * for a client certificate as the node that it is, waits until somebody approved and signed, and writes the kubeconfig with which it goes on.
 * Its certificate is renewed before it expires.
 */
import { createHash, X509Certificate } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { createFigureBook } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import type { CertifiedKey } from '#base/pki/certificate.ts'
import type { Client } from '#client/client.ts'
import type { Connection } from '#client/kubeconfig.ts'
import { PRIVATE_FILE, systemFiles } from '#host/files.ts'
import { systemRandom } from '#host/random.ts'
import { type CertificateRotation, certificateTools } from '#kubelet'
import { kubeconfigOf } from './pki/kubeconfig.ts'
import { connectionOf, type Remote, remoteContext } from './remote-context.ts'
import { renewedRemote } from './renewed-remote.ts'

export interface KubeletIdentity {
  readonly nodeName: string
  readonly kubeconfig: string | undefined
  /** With which it asks where `kubeconfig` is not there yet. */
  readonly bootstrapKubeconfig: string | undefined
  /** Where certificates are kept that it asks for. */
  readonly certificateDirectory: string
  readonly rotateCertificates: boolean
  /** Told when requests go on with another certificate. */
  readonly renewed?: () => void
  readonly clock: Clock
}

/** Throws UserErrors. */
export async function connectKubelet(identity: KubeletIdentity, log: Log): Promise<Remote> {
  const { nodeName, kubeconfig, certificateDirectory: directory, clock } = identity
  const { CertificateRotation, CertificateStore, CLIENT_PURPOSE, subjectOfNode } =
    await certificateTools()
  const store = new CertificateStore({
    ...{ directory, files: systemFiles, clock },
    pair: 'kubelet-client',
  })
  const keep = (pair: CertifiedKey) => {
    store.update(pair)
    return store.path
  }
  await bootstrap(identity, keep, log)
  const connection = await connectionOf(kubeconfig)
  const { clientCertificate: certificate, clientKey: key } = connection
  if (!identity.rotateCertificates || !certificate || !key)
    return renewedRemote({ kubeconfig, clock, log })

  let rotation: CertificateRotation | undefined
  const current = () => rotation?.current ?? { certificate, key }
  const figures = createFigureBook()
  const remote = remoteContext(
    {
      ...connection,
      get clientCertificate() {
        return current().certificate
      },
      get clientKey() {
        return current().key
      },
    },
    log,
    figures,
  )
  const { client } = remote.context
  const { bootstrapKubeconfig } = identity
  const atFirst = async () => {
    const { context, stop } = remoteContext(await connectionOf(bootstrapKubeconfig), log)
    return { client: context.client, stop }
  }
  rotation = new CertificateRotation({
    ...{ store, client, clock, log },
    ...(bootstrapKubeconfig === undefined ? {} : { atFirst }),
    random: systemRandom,
    purpose: CLIENT_PURPOSE,
    wanted: () => ({ subject: subjectOfNode(nodeName) }),
    first: { certificate, key },
    renewed: () => {
      remote.reconnect()
      identity.renewed?.()
    },
    failures: figures.counter(
      'kubelet_certificate_manager_client_expiration_renew_errors',
      'How often no new client certificate was to be had.',
    ),
  })
  const { secondsLeft } = rotation
  figures.gauge(
    'kubelet_certificate_manager_client_ttl_seconds',
    'For how many seconds the client certificate is good.',
    () => [{ labels: {}, value: secondsLeft() }],
  )
  rotation.start()
  return {
    ...remote,
    async stop() {
      await rotation.stop()
      await remote.stop()
    },
  }
}

/** Gets the kubelet a kubeconfig where it has only one to begin with. */
async function bootstrap(
  { nodeName, kubeconfig, bootstrapKubeconfig: first, clock }: KubeletIdentity,
  keep: (pair: CertifiedKey) => string,
  log: Log,
): Promise<void> {
  if (first === undefined) return
  if (kubeconfig === undefined)
    throw new UserError('--bootstrap-kubeconfig needs --kubeconfig FILE, which it writes')
  if (await isUsable(kubeconfig, clock.now(), log)) return
  const remote = remoteContext(await connectionOf(first), log)
  try {
    const { client } = remote.context
    const file = keep(await bootstrapCertificate({ client, nodeName, clock }))
    const text = nodeKubeconfig(remote.connection, nodeName, file)
    systemFiles.writeAtomically(kubeconfig, text, PRIVATE_FILE)
  } finally {
    await remote.stop()
  }
}

/** Whether the node can go on with the kubeconfig that it has. */
async function isUsable(kubeconfig: string, nowMs: number, log: Log): Promise<boolean> {
  if (systemFiles.read(kubeconfig) === undefined) return false
  try {
    return isGood(await connectionOf(kubeconfig), nowMs)
  } catch (error) {
    // Its certificate may be gone, and another is to be had.
    log.warn('the kubeconfig cannot be used; the node asks anew', { error: messageOf(error) })
    return false
  }
}

export function isGood({ clientCertificate, token }: Connection, nowMs: number): boolean {
  if (!clientCertificate) return token !== undefined
  return Date.parse(new X509Certificate(clientCertificate).validTo) > nowMs
}

export interface BootstrapOptions {
  /** A client of whom the bootstrap kubeconfig speaks. */
  readonly client: Pick<Client, 'create' | 'get'>
  readonly nodeName: string
  readonly clock: Clock
}

/** The node's first certificate. Throws a UserError where the request is denied, fails, or nobody answers. */
export async function bootstrapCertificate(options: BootstrapOptions): Promise<CertifiedKey> {
  const { client, nodeName, clock } = options
  const { CLIENT_PURPOSE, requestCertificate, subjectOfNode } = await certificateTools()
  return requestCertificate({
    ...{ client, clock, purpose: CLIENT_PURPOSE },
    wanted: { subject: subjectOfNode(nodeName) },
    nameOf: request => `node-csr-${createHash('sha256').update(request).digest('base64url')}`,
  })
}

/** The node's kubeconfig: its certificate is in a file that a rotation replaces. */
export function nodeKubeconfig(
  { server, certificateAuthority: ca = '' }: Connection,
  nodeName: string,
  file: string,
): string {
  const user = `system:node:${nodeName}`
  return kubeconfigOf({ server, ca, user, certificateFile: file, keyFile: file })
}
