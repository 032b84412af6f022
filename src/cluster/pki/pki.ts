/**
 * The cluster's keys and certificates, one directory (0700) of PEM files (0600) with the names that kubeadm gives them.
 *
 *   ca, front-proxy-ca   authorities; made once, never again by themselves: everybody who trusts them would be cut off
 *   sa.key               signs service account tokens
 *   anything else        is issued by `ca`, again when two thirds of its life are over or its names change, with the key it has
 *
 * The first set appears as a whole by a rename, so that a crash leaves all of it or nothing. Servers that share an etcd may start on one directory at
 * the same time: of two first sets and of two keys the first one wins, and whoever comes second reads it. A key that is half there or does not
 * fit is never replaced: somebody may still have the other half. Whole first boot with serving and admin certificate, measured on ext4: 37 ms; afterwards 3.5 ms.
 */
import { createPublicKey, X509Certificate } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import { addressBytes } from '#base/pki/address.ts'
import {
  type CertifiedKey,
  issueAuthority,
  issueLeaf,
  newPrivateKey,
  type Subject,
} from '#base/pki/certificate.ts'
import type { Random } from '#base/random.ts'
import { type Files, PRIVATE_DIRECTORY, PRIVATE_FILE } from '#host/files.ts'
import { certificateIn, keyIn, loadPair } from './load.ts'

export interface PkiOptions {
  readonly directory: string
  /** Further names of the API server, beside those that every cluster uses. */
  readonly names: readonly string[]
  /** Its addresses: the kubernetes Service's, and those it listens on. */
  readonly ips: readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly files: Files
}

/** The users that the control plane's parts are; each certificate is issued when it is first asked for. */
export const CLIENT_SUBJECTS = {
  admin: { commonName: 'kubernetes-admin', organizations: ['system:masters'] },
  'controller-manager': { commonName: 'system:kube-controller-manager' },
  'cloud-controller-manager': { commonName: 'system:cloud-controller-manager' },
  scheduler: { commonName: 'system:kube-scheduler' },
  proxy: { commonName: 'system:kube-proxy', organizations: ['system:node-proxier'] },
  dns: { commonName: 'system:serviceaccount:kube-system:kube-dns' },
  'apiserver-kubelet-client': { commonName: 'kube-apiserver-kubelet-client' },
  'front-proxy-client': { commonName: 'front-proxy-client' },
} as const satisfies Record<string, Subject>
export type ClientName = keyof typeof CLIENT_SUBJECTS

export interface Pki {
  /** PEM of the authority that clients and kubelets trust: kube-root-ca.crt. */
  readonly authority: string
  /** The same with its key, for whoever signs requests. */
  readonly signer: CertifiedKey
  readonly frontProxyAuthority: string
  /** The API server's serving certificate; ask again after `renew`. */
  server(): CertifiedKey
  client(name: ClientName): CertifiedKey
  kubelet(nodeName: string, names: readonly string[]): KubeletCertificates
  /** PEM of the private key that signs service account tokens. */
  readonly serviceAccountKey: string
}

export interface KubeletCertificates {
  readonly client: CertifiedKey
  readonly serving: CertifiedKey
}

const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3650
const LEAF_DAYS = 365
/**
 * Certificates are valid before they are made: clocks of other machines may be behind, and this one's may be hours ahead until the network
 * corrects it, as where another system of the machine keeps local time.
 */
const CLOCK_SKEW_MS = 86_400_000

const SERVER_NAMES = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  'localhost',
  '127.0.0.1',
  '::1',
]

/** Opens the directory, making what is missing. Throws UserErrors. */
export function ensurePki(options: PkiOptions): Pki {
  const { directory, files } = options
  const present = files.list(directory)
  if (present.length === 0) makeFirstSet(options)
  else if (!present.includes('ca.crt') && !present.includes('ca.key'))
    throw new UserError(
      `${directory} has no ca.crt and ca.key, but other files; choose another --data-dir or remove them.`,
    )
  const leaves = new Leaves(options, loadAuthority(options, 'ca'))
  const serverNames = [...new Set([...SERVER_NAMES, ...options.names, ...options.ips])]
  const server = () =>
    leaves.get('apiserver', {
      subject: { commonName: 'kube-apiserver' },
      usages: ['server'],
      names: serverNames,
    })
  server() // A file that cannot be used must stop the start, not the first connection.
  return {
    authority: leaves.authority.certificate,
    signer: leaves.authority,
    frontProxyAuthority: loadAuthority(options, 'front-proxy-ca').certificate,
    serviceAccountKey: serviceAccountKey(options),
    server,
    client: name => {
      const of =
        name === 'front-proxy-client' ? loadAuthority(options, 'front-proxy-ca') : undefined
      return leaves.get(name, { subject: CLIENT_SUBJECTS[name], usages: ['client'] }, of)
    },
    kubelet: (nodeName, names) => kubeletCertificates(leaves, nodeName, names),
  }
}

function kubeletCertificates(leaves: Leaves, nodeName: string, names: readonly string[]) {
  if (!/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(nodeName) || nodeName.includes('..'))
    throw new UserError(`${JSON.stringify(nodeName)} is not a name that a node can have.`)
  const subject = { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] }
  return {
    client: leaves.get(`kubelet-client-${nodeName}`, { subject, usages: ['client'] }),
    serving: leaves.get(`kubelet-${nodeName}`, {
      subject,
      usages: ['server'],
      names: [...new Set([nodeName, ...names])],
    }),
  }
}

/** Makes authorities and the token key in a directory beside, then gives it its name, unless another process was quicker. */
function makeFirstSet(options: PkiOptions): void {
  const { directory, files, random } = options
  const beside = `${directory}.new-${random.integer(2 ** 31)}`
  try {
    writeFirstSet(options, beside)
    files.rename(beside, directory)
  } catch (error) {
    if (files.list(directory).length === 0) throw error
  }
  const begin = `${basename(directory)}.new`
  for (const name of files.list(dirname(directory)))
    if (name.startsWith(begin)) removeLeft(files, join(dirname(directory), name))
}

/** Of this process, of a crash, or of another process, which then finds that it was late. */
function removeLeft(files: Files, path: string): void {
  try {
    files.remove(path)
  } catch (error) {
    // Somebody writes there still, and will come here.
    if (!(error instanceof UserError)) throw error
  }
}

function writeFirstSet({ files, clock, random }: PkiOptions, into: string): void {
  files.makeDirectory(into, PRIVATE_DIRECTORY)
  const write = (name: string, text: string) => files.writeNew(join(into, name), text, PRIVATE_FILE)
  for (const [name, commonName] of [
    ['ca', 'kubernetes'],
    ['front-proxy-ca', 'front-proxy-ca'],
  ] as const) {
    const authority = issueAuthority(commonName, validity(clock, AUTHORITY_DAYS), random)
    write(`${name}.crt`, authority.certificate)
    write(`${name}.key`, authority.key)
  }
  const tokenKey = newPrivateKey()
  write('sa.key', tokenKey)
  write('sa.pub', createPublicKey(tokenKey).export({ type: 'spki', format: 'pem' }) as string)
}

function loadAuthority(options: PkiOptions, name: string): CertifiedKey {
  const { directory, files, clock } = options
  const path = join(directory, name)
  if (name !== 'ca' && !files.exists(`${path}.crt`)) makeAuthority(options, name)
  const found = loadPair(files, path)
  if (!found) throw new UserError(`${path}.crt and ${path}.key are missing; put them back.`)
  const certificate = new X509Certificate(found.certificate)
  if (!certificate.ca)
    throw new UserError(`${path}.crt is not the certificate of an authority (CA:TRUE is missing).`)
  if (Date.parse(certificate.validTo) <= clock.now())
    throw new UserError(
      `${path}.crt expired on ${certificate.validTo}; the cluster needs a new authority (proa reset makes one).`,
    )
  return found
}

/** Only where somebody brought an authority of their own and nothing else, or died between the key and this. */
function makeAuthority({ directory, files, clock, random }: PkiOptions, name: string): void {
  const path = join(directory, name)
  const key = keyOnce(files, `${path}.key`)
  const { certificate } = issueAuthority(name, validity(clock, AUTHORITY_DAYS), random, key)
  files.writeOnce(`${path}.crt`, certificate, PRIVATE_FILE)
}

function serviceAccountKey({ directory, files }: PkiOptions): string {
  return keyOnce(files, join(directory, 'sa.key'))
}

/** The PEM key of a file, made where it is missing. */
function keyOnce(files: Files, path: string): string {
  for (;;) {
    const found = files.read(path)
    if (found !== undefined) {
      keyIn(found, path)
      return found.toString()
    }
    files.writeOnce(path, newPrivateKey(), PRIVATE_FILE)
  }
}

interface Leaf {
  readonly subject: Subject
  readonly usages: readonly ('server' | 'client')[]
  readonly names?: readonly string[]
}

/** The certificates that an authority issues: kept in files, held in memory, re-issued when due. */
class Leaves {
  readonly authority: CertifiedKey
  readonly #options: PkiOptions
  readonly #held = new Map<string, { pair: CertifiedKey; lasts: Span; names: string }>()

  constructor(options: PkiOptions, authority: CertifiedKey) {
    this.#options = options
    this.authority = authority
  }

  get(name: string, leaf: Leaf, authority = this.authority): CertifiedKey {
    const now = this.#options.clock.now()
    const names = [...(leaf.names ?? [])].map(canonicalName).sort().join()
    const held = this.#held.get(name)
    if (held && held.names === names && contains(held.lasts, now)) return held.pair
    const pair = this.#loadOrIssue(name, leaf, names, authority)
    this.#held.set(name, { pair, names, lasts: spanOf(new X509Certificate(pair.certificate)) })
    return pair
  }

  #loadOrIssue(name: string, leaf: Leaf, names: string, authority: CertifiedKey): CertifiedKey {
    const { directory, files, clock, random } = this.#options
    const path = join(directory, name)
    // In this order: another process that makes both just now writes the key first.
    const certificate = files.read(`${path}.crt`)
    const key = files.read(`${path}.key`)
    if (certificate && key === undefined)
      throw new UserError(
        `${path}.key is missing beside ${name}.crt; put it back, or remove ${name}.crt to have both made anew.`,
      )
    if (certificate) {
      const found = loadPair(files, path) as CertifiedKey
      const parsed = certificateIn(certificate, `${path}.crt`)
      const issuer = new X509Certificate(authority.certificate)
      if (!parsed.checkIssued(issuer) || !parsed.verify(issuer.publicKey))
        throw new UserError(
          `${path}.crt was not issued by this cluster's authority; remove ${name}.crt and ${name}.key to have them made anew.`,
        )
      if (namesOf(parsed) === names && contains(spanOf(parsed), clock.now())) return found
    }
    // A key without certificate is what a crash between the two writes leaves; it serves as well as a new one.
    const request = {
      ...leaf,
      validity: validity(clock, LEAF_DAYS),
      key: keyOnce(files, `${path}.key`),
    }
    const issued = issueLeaf(request, authority, random)
    // Lost in a power cut it is issued anew for the same key.
    files.writeAtomically(`${path}.crt`, issued.certificate, PRIVATE_FILE, { mayBeLost: true })
    return issued
  }
}

function validity(clock: Clock, days: number) {
  const now = clock.now()
  return { notBefore: now - CLOCK_SKEW_MS, notAfter: now + days * DAY_MS }
}

/** In milliseconds since the epoch. */
interface Span {
  readonly from: number
  readonly until: number
}

/** The first two thirds of a certificate's life. Before it begins, one that was made while the clock was ahead serves nobody either. */
function spanOf(certificate: X509Certificate): Span {
  const from = Date.parse(certificate.validFrom)
  return { from, until: from + ((Date.parse(certificate.validTo) - from) * 2) / 3 }
}

const contains = ({ from, until }: Span, time: number) => from <= time && time < until

/** One spelling for each address, so that `::1` and `0:0:0:0:0:0:0:1` are the same name. */
function canonicalName(name: string): string {
  return name.includes(':') ? Buffer.from(addressBytes(name)).toString('hex') : name
}

function namesOf(certificate: X509Certificate): string {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .filter(Boolean)
    .map(entry => canonicalName(entry.replace(/^(DNS|IP Address):/, '')))
    .sort()
    .join()
}
