/**
 * The certificate that a node shows and its key, in one file under the name of when they came; a link tells which is the present one. The
 * same files as upstream's kubelet has in its `--cert-dir`, so that either goes on with what the other got.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import type { CertifiedKey } from '#base/pki/certificate.ts'
import { certificatesIn } from '#base/pki/pem.ts'
import { type Files, PRIVATE_DIRECTORY, PRIVATE_FILE } from '#host/files.ts'

/** The present one, and the one before for who looks for what changed. */
const KEPT = 2

export interface CertificateStoreOptions {
  readonly directory: string
  /** What files begin with: `kubelet-client` or `kubelet-server`. */
  readonly pair: string
  readonly files: Files
  readonly clock: Pick<Clock, 'now'>
}

export class CertificateStore {
  readonly #options: CertificateStoreOptions
  /** The link to the present one. */
  readonly path: string

  constructor(options: CertificateStoreOptions) {
    this.#options = options
    this.path = join(options.directory, `${options.pair}-current.pem`)
  }

  /** Undefined where there is none yet. Throws a UserError where files hold something else. */
  current(): CertifiedKey | undefined {
    const { files, directory, pair } = this.#options
    const both = files.read(this.path)?.toString()
    if (both !== undefined) return pairOf(both, both, this.path)
    const [certificate, key] = ['crt', 'key'].map(end => join(directory, `${pair}.${end}`))
    const [certificateText, keyText] = [certificate, key].map(path => files.read(path ?? ''))
    if (certificateText === undefined || keyText === undefined) return undefined
    return pairOf(certificateText.toString(), keyText.toString(), certificate ?? '')
  }

  /** Keeps the pair as the present one. */
  update({ certificate, key }: CertifiedKey): void {
    const { files, directory, pair, clock } = this.#options
    const name = `${pair}-${stampOf(clock.now())}.pem`
    files.makeDirectory(directory, PRIVATE_DIRECTORY)
    files.writeAtomically(join(directory, name), certificate + key, PRIVATE_FILE)
    files.point(this.path, name)
    const dated = files.list(directory).filter(each => this.#isDated(each) && each !== name)
    const outdated = dated.sort().slice(0, 1 - KEPT)
    for (const each of outdated) files.remove(join(directory, each))
  }

  #isDated(name: string): boolean {
    const { pair } = this.#options
    return name.startsWith(`${pair}-`) && /^\d[\d-]*\.pem$/.test(name.slice(pair.length + 1))
  }
}

const KEY = /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----[^-]+-----END \1?PRIVATE KEY-----\n?/

function pairOf(certificates: string, keys: string, path: string): CertifiedKey {
  const certificate = certificatesIn(certificates).join('\n').concat('\n')
  const key = KEY.exec(keys)?.[0] ?? ''
  let belong = false
  try {
    belong = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
  } catch {
    throw new UserError(`${path} holds no certificate with its key`)
  }
  if (!belong) throw new UserError(`the certificate and the key in ${path} do not belong together`)
  return { certificate, key }
}

/** `2026-11-30-13-05-09`. */
const stampOf = (ms: number) => new Date(ms).toISOString().slice(0, 19).replaceAll(/[T:]/g, '-')
