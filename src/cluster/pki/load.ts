/** Reading keys and certificates back, and saying in one sentence what is wrong with a file. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { UserError } from '#base/errors.ts'
import type { CertifiedKey } from '#base/pki/certificate.ts'
import type { Files } from '#host/files.ts'

/** `<path>.crt` with `<path>.key`, or undefined where neither is there. */
export function loadPair(files: Files, path: string): CertifiedKey | undefined {
  const certificate = files.read(`${path}.crt`)
  const key = files.read(`${path}.key`)
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined || key === undefined) {
    const [missing, there] = certificate === undefined ? ['crt', 'key'] : ['key', 'crt']
    throw new UserError(
      `${path}.${missing} is missing although ${path}.${there} is there; put it back from a backup.`,
    )
  }
  if (!certificateIn(certificate, `${path}.crt`).checkPrivateKey(keyIn(key, `${path}.key`)))
    throw new UserError(
      `${path}.crt and ${path}.key do not belong together; put the right ones back.`,
    )
  return { certificate: certificate.toString(), key: key.toString() }
}

export function certificateIn(content: Buffer, path: string): X509Certificate {
  try {
    return new X509Certificate(content)
  } catch {
    throw new UserError(
      `${path} is damaged or is not a PEM certificate; put it back from a backup.`,
    )
  }
}

export function keyIn(content: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey(content)
  } catch {
    throw new UserError(
      `${path} is damaged or is not a PEM private key; put it back from a backup.`,
    )
  }
}
