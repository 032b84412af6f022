/** Asking for a certificate: a request is made, and its author waits until somebody approved and signed it. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import {
  type CertificateSigningRequest,
  certificateSigningRequest,
} from '#api/certificates/v1/certificate-signing-request.ts'
import { type Clock, sleep } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import { type CertifiedKey, newPrivateKey } from '#base/pki/certificate.ts'
import { requestPem, type WantedCertificate } from '#base/pki/make-request.ts'
import type { Client } from '#client/client.ts'

/** What a kubelet's certificates are for, and who signs them. */
export interface Purpose {
  readonly signerName: string
  /** Keys are of a sort that signs and does not encipher, so that usage is never among them. */
  readonly usages: readonly string[]
}

export const CLIENT_PURPOSE: Purpose = {
  signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
  usages: ['digital signature', 'client auth'],
}
export const SERVING_PURPOSE: Purpose = {
  signerName: 'kubernetes.io/kubelet-serving',
  usages: ['digital signature', 'server auth'],
}

/** As whom a node asks the API server. */
export const subjectOfNode = (nodeName: string) => ({
  commonName: `system:node:${nodeName}`,
  organizations: ['system:nodes'],
})

/** Somebody may have to approve by hand; upstream's limit. */
const PATIENCE_MS = 15 * 60_000
const POLL_MS = 500

export interface RequestOptions {
  readonly client: Pick<Client, 'create' | 'get'>
  readonly clock: Clock
  readonly purpose: Purpose
  readonly wanted: WantedCertificate
  /** The object's name, from the request in PEM; the server makes one of `csr-` by default. */
  readonly nameOf?: (request: string) => string
  /** Asked while waiting: false gives up. */
  readonly isStillWanted?: () => boolean
  readonly signal?: AbortSignal
}

/** A new key and the certificate for it. Throws a UserError where the request is denied, fails, or nobody answers. */
export async function requestCertificate(options: RequestOptions): Promise<CertifiedKey> {
  const { client, purpose, wanted, nameOf } = options
  const key = newPrivateKey()
  const privateKey = createPrivateKey(key)
  const request = requestPem(wanted, privateKey)
  const { metadata } = await client.create(certificateSigningRequest, {
    metadata: nameOf ? { name: nameOf(request) } : { generateName: 'csr-' },
    spec: { request: Buffer.from(request).toString('base64'), ...purpose },
  } as Partial<CertificateSigningRequest>)
  const { name = '' } = metadata
  const certificate = await answerTo(name, options)
  if (!new X509Certificate(certificate).checkPrivateKey(privateKey))
    throw new UserError(`the certificate in ${name} is for another key than this node's`)
  return { certificate, key }
}

async function answerTo(name: string, options: RequestOptions): Promise<string> {
  const { client, clock, signal, isStillWanted } = options
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
    if (isStillWanted?.() === false)
      throw new UserError(`certificate signing request ${name} asks for what is outdated by now`)
    await sleep(clock, POLL_MS, signal)
  }
  throw new UserError(`nobody signed the certificate signing request ${name} in time`)
}
