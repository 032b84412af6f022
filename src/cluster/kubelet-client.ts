/** How the API server is known to kubelets, and they to it, where flags say otherwise than the cluster's own keys. */
import { UserError } from '#base/errors.ts'
import type { CertifiedKey } from '#base/pki/certificate.ts'
import { certificatesIn } from '#base/pki/pem.ts'
import type { ValuesOf } from '#cli'
import { certifiedKeyIn, textIn } from './certified-key.ts'
import { type Machine, reread } from './reread.ts'

type Values = Pick<
  ValuesOf<'apiserver'>,
  'kubeletClientCertificate' | 'kubeletClientKey' | 'kubeletCertificateAuthority'
>

export interface KubeletClient {
  /** Shown to kubelets; read anew when the files change. */
  readonly certificate?: () => CertifiedKey
  /** PEM of who signed what kubelets show. */
  readonly authority?: string
}

/** Throws UserErrors. */
export function kubeletClientOf(values: Values, machine: Machine): KubeletClient {
  const {
    kubeletClientCertificate: certificate,
    kubeletClientKey: key,
    kubeletCertificateAuthority: authorityFile,
  } = values
  if ((certificate === undefined) !== (key === undefined))
    throw new UserError(
      '--kubelet-client-certificate and --kubelet-client-key belong together: give both or none',
    )
  const authority = authorityFile === undefined ? undefined : textIn(authorityFile, machine.files)
  if (authority !== undefined && certificatesIn(authority).length === 0)
    throw new UserError(`--kubelet-certificate-authority ${authorityFile}: there is no certificate`)
  return {
    ...(certificate !== undefined && key !== undefined
      ? {
          certificate: reread(
            () => certifiedKeyIn(certificate, key, machine.files),
            'the certificate for kubelets',
            machine,
          ),
        }
      : {}),
    ...(authority === undefined ? {} : { authority }),
  }
}
