/**
 * A node that comes for the first time: with what its bootstrap kubeconfig lets it do, it asks for a client certificate as the node that it
 * is, waits until somebody approved and signed, and writes the kubeconfig with which it goes on.
 */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import {
  type CertificateSigningRequest,
  certificateSigningRequest,
} from '#api/certificates/v1/certificate-signing-request.ts'
import { type Clock, sleep } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import { newPrivateKey } from '#base/pki/certificate.ts'
import { requestPem } from '#base/pki/make-request.ts'
import type { Client } from '#client/client.ts'
import type { Connection } from '#client/kubeconfig.ts'
import { kubeconfigOf } from './pki/kubeconfig.ts'

const SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet'
/** The key is of a sort that signs and does not encipher. */
const USAGES = ['digital signature', 'client auth']
/** Somebody may have to approve by hand; upstream's limit. */
const PATIENCE_MS = 15 * 60_000
const POLL_MS = 500

export interface BootstrapOptions {
  /** A client of whom the bootstrap kubeconfig speaks. */
  readonly client: Pick<Client, 'create' | 'get'>
  readonly connection: Connection
  readonly nodeName: string
  readonly clock: Clock
}

/** The kubeconfig of the node. Throws a UserError where the request is denied, fails, or nobody answers. */
export async function bootstrapKubeconfig(options: BootstrapOptions): Promise<string> {
  const { client, connection, nodeName } = options
  const key = newPrivateKey()
  const subject = { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] }
  const request = requestPem({ subject }, createPrivateKey(key))
  const name = `node-csr-${createHash('sha256').update(request).digest('base64url')}`
  await client.create(certificateSigningRequest, {
    metadata: { name },
    spec: { request: base64(request), signerName: SIGNER, usages: USAGES },
  } as Partial<CertificateSigningRequest>)
  const cert = await answerTo(name, options)
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new UserError(`the certificate in ${name} is for another key than this node's`)
  const { server, certificateAuthority: ca = '' } = connection
  return kubeconfigOf({ server, ca, cert, key, user: subject.commonName })
}

/** Whether the node can go on with the kubeconfig that it has. */
export function isUsable({ clientCertificate, token }: Connection, nowMs: number): boolean {
  if (!clientCertificate) return token !== undefined
  return Date.parse(new X509Certificate(clientCertificate).validTo) > nowMs
}

async function answerTo(name: string, { client, clock }: BootstrapOptions): Promise<string> {
  const endMs = clock.monotonicMs() + PATIENCE_MS
  while (clock.monotonicMs() < endMs) {
    const { status } = await client.get(certificateSigningRequest, name)
    for (const { type, reason, message } of status.conditions ?? [])
      if (type === 'Denied' || type === 'Failed') {
        const what = type === 'Denied' ? 'is denied' : 'failed'
        throw new UserError(
          `certificate signing request ${name} ${what}, reason: ${reason}, message: ${message}`,
        )
      }
    if (status.certificate) return Buffer.from(status.certificate, 'base64').toString()
    await sleep(clock, POLL_MS)
  }
  throw new UserError(`nobody signed the certificate signing request ${name} in time`)
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
