/** What the port of a kubelet that runs alone shows: files, or what the node asked the API server for and keeps from expiring. */
import { join } from 'node:path'
import { UserError } from '#base/errors.ts'
import { exponentialBounds, type FigureBook } from '#base/figures.ts'
import type { ValuesOf } from '#cli'
import type { RoleContext, Running } from '#client/role.ts'
import type { ServingCertificate } from '#client/serving/serve-https.ts'
import { systemFiles } from '#host/files.ts'
import { certificateTools } from '#kubelet'
import { certificateDirectoryOf } from './data-directory.ts'
import type { Layout } from './layout.ts'
import { reread } from './reread.ts'

export interface ServingOptions {
  readonly context: RoleContext
  readonly figures: FigureBook
  readonly nodeName: string
  readonly nodeAddresses: readonly string[]
  readonly values: ValuesOf<'kubelet'>
  readonly layout: Layout
  /** What a certificate that is asked for is to be good for; by default the node's name and addresses. */
  readonly names?: readonly string[]
}

export interface ServingCertificates extends Running {
  /** Empty texts as long as there is none, so that no handshake succeeds. */
  current(): ServingCertificate
}

/** Throws a UserError where files are missing. */
export async function servingCertificates(options: ServingOptions): Promise<ServingCertificates> {
  const { rotateServerCertificates, tlsCertFile, tlsPrivateKeyFile } = options.values
  if (rotateServerCertificates && tlsCertFile === undefined && tlsPrivateKeyFile === undefined)
    return rotated(options)
  const { clock, log } = options.context
  // Whoever renews them, such as `proa apiserver` every eight months, does not restart the kubelet.
  const current = reread(() => inFiles(options), "the kubelet's serving certificate", {
    clock,
    log,
  })
  return { current, async stop() {} }
}

/** Between a minute and four years, as upstream's histogram. */
const LIVES = [60, 3600, 14_400, 86_400, 604_800, 2_592_000, 7_776_000, 15_552_000]
const LONG_LIVES = exponentialBounds(31_104_000, 4, 2)

async function rotated(options: ServingOptions): Promise<ServingCertificates> {
  const { context, figures, nodeName, nodeAddresses, values } = options
  const { client, clock, random, log } = context
  const { CertificateRotation, CertificateStore, SERVING_PURPOSE, subjectOfNode } =
    await certificateTools()
  // The addresses are the machine's of now: the list is changed in place when it moves.
  const wanted = () => ({
    subject: subjectOfNode(nodeName),
    names: options.names ?? [nodeName, ...nodeAddresses],
  })
  const rotation = new CertificateRotation({
    ...{ client, clock, random, log },
    store: new CertificateStore({
      directory: certificateDirectoryOf(values),
      pair: 'kubelet-server',
      files: systemFiles,
      clock,
    }),
    purpose: SERVING_PURPOSE,
    wanted,
    failures: figures.counter(
      'kubelet_server_expiration_renew_errors',
      'How often no new serving certificate was to be had.',
    ),
    lives: figures.histogram(
      'kubelet_certificate_manager_server_rotation_seconds',
      'For how many seconds a serving certificate was shown.',
      [...LIVES, ...LONG_LIVES],
    ),
  })
  figures.gauge(
    'kubelet_certificate_manager_server_ttl_seconds',
    'For how many seconds the serving certificate is good.',
    () => [{ labels: {}, value: rotation.secondsLeft() }],
  )
  rotation.start()
  return {
    current() {
      const { certificate = '', key = '' } = rotation.current ?? {}
      return { cert: certificate, key }
    },
    stop: () => rotation.stop(),
  }
}

/** The flags' files, or those that `proa apiserver` made in the same data directory. */
function inFiles({ layout, nodeName, values }: ServingOptions): ServingCertificate {
  const cert = values.tlsCertFile ?? join(layout.pki, `kubelet-${nodeName}.crt`)
  const key = values.tlsPrivateKeyFile ?? join(layout.pki, `kubelet-${nodeName}.key`)
  const read = (path: string) => {
    const content = systemFiles.read(path)
    if (content !== undefined) return content.toString()
    throw new UserError(
      `there is no file ${path}; the node ${nodeName} needs a serving certificate: --rotate-server-certificates asks for one, --tls-cert-file and --tls-private-key-file name one (proa apiserver --node-name ${nodeName} makes one under its data dir)`,
    )
  }
  return { cert: read(cert), key: read(key) }
}
