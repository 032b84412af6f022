/** By which names and addresses a server is known that shows a certificate. */
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** Of the PEM text's first certificate; its common name is among them where it could be one. */
export function namesIn(certificate: string): readonly string[] {
  const { subject, subjectAltName = '' } = new X509Certificate(certificate)
  const [, common] = /^CN=(.+)$/m.exec(subject) ?? []
  const alternative = subjectAltName.split(', ').flatMap(each => {
    const [kind, name = ''] = each.split(/:(.*)/s)
    return kind === 'DNS' || kind === 'IP Address' ? [name] : []
  })
  const names = [...(common === undefined ? [] : [common]), ...alternative]
  return names.filter(name => isIP(name) || /^(\*\.)?[a-z0-9.-]+$/i.test(name))
}
