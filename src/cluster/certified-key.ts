/** Certificates and keys in files that somebody named. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { messageOf, UserError } from '#base/errors.ts'
import type { CertifiedKey } from '#base/pki/certificate.ts'
import type { Files } from '#host/files.ts'

/** A certificate and its key from two files in PEM. Throws UserErrors. */
export function certifiedKeyIn(
  certificateFile: string,
  keyFile: string,
  files: Pick<Files, 'read'>,
): CertifiedKey {
  const [certificate, key] = [textIn(certificateFile, files), textIn(keyFile, files)]
  let belong: boolean
  try {
    belong = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
  } catch (error) {
    throw new UserError(`${certificateFile} or ${keyFile} cannot be read: ${messageOf(error)}`)
  }
  if (!belong) throw new UserError(`${certificateFile} and ${keyFile} do not belong together`)
  return { certificate, key }
}

/** Throws a UserError where there is no such file. */
export function textIn(path: string, files: Pick<Files, 'read'>): string {
  const content = files.read(path)
  if (content === undefined) throw new UserError(`there is no file ${path}`)
  return content.toString()
}
