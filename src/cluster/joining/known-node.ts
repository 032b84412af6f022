/** What a machine that joined before knows of itself, by the kubeconfig that it has, and whether it can go on with that. */
import { X509Certificate } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import { subjectOf } from '#base/pki/subject.ts'
import type { Connection } from '#client/kubeconfig.ts'
import { systemFiles } from '#host/files.ts'
import { connectionOf } from '../remote-context.ts'
import { authorityHashes } from './joining-access.ts'

/** Undefined where there is none, or it cannot be read. */
async function keptConnection(kubeconfig: string): Promise<Connection | undefined> {
  if (!systemFiles.exists(kubeconfig)) return undefined
  return connectionOf(kubeconfig).catch(() => undefined)
}

const certificateOf = (connection: Connection | undefined) =>
  connection?.clientCertificate ? new X509Certificate(connection.clientCertificate) : undefined

const USER_PREFIX = 'system:node:'

/** Throws a UserError where the machine joined under another name: as one node it may not do what the other does. */
export async function checkKnownNode(kubeconfig: string, nodeName: string): Promise<void> {
  const certificate = certificateOf(await keptConnection(kubeconfig))
  if (!certificate) return
  const { commonName } = subjectOf(certificate.raw)
  if (!commonName.startsWith(USER_PREFIX) || commonName === `${USER_PREFIX}${nodeName}`) return
  const before = commonName.slice(USER_PREFIX.length)
  throw new UserError(
    `this machine is the node ${before}, not ${nodeName}; --node-name ${before} goes on with it, "proa reset" ends it`,
  )
}

/** Throws a UserError where the node was away for so long that its certificate is over: nobody knows it by that any more. */
export async function checkStillGood(kubeconfig: string, clock: Pick<Clock, 'now'>): Promise<void> {
  const certificate = certificateOf(await keptConnection(kubeconfig))
  if (!certificate || Date.parse(certificate.validTo) > clock.now()) return
  throw new UserError(
    `the certificate of this node expired on ${certificate.validTo}; it joins again with a token, which "proa token create --print-join-command" prints where the cluster is`,
  )
}

/**
 * Throws a UserError where the machine is a node of another cluster. Where the same cluster is found at another address by now, or with more
 * authorities, or the certificate is of a time that is yet to come, the kubeconfig goes, and the node asks for one anew.
 */
export async function checkKnownCluster(
  kubeconfig: string,
  { server, certificateAuthority = '' }: Connection,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const known = await keptConnection(kubeconfig)
  if (known?.certificateAuthority === undefined) return
  const [before, now] = [known.certificateAuthority, certificateAuthority].map(authorityHashes)
  if (!before?.some(hash => now?.includes(hash)))
    throw new UserError(
      `this machine is a node of another cluster, at ${known.server}; "proa reset" ends that, and removes its pods`,
    )
  // The cluster was just believed by this clock, so whoever gave the certificate had a wrong one.
  const begins = certificateOf(known)?.validFrom
  const isEarly = begins !== undefined && Date.parse(begins) > clock.now()
  const isSame = known.server === server && before.join() === now?.join()
  if (!isSame || isEarly) systemFiles.remove(kubeconfig)
}
