/** Who signs for the cluster, as upstream's --cluster-signing-… flags say. */
import { messageOf, UserError } from '#base/errors.ts'
import type { ValuesOf } from '#cli'
import type { SignerName, SigningOptions, TokenOptions } from '#controllers'
import type { Files } from '#host/files.ts'
import { certifiedKeyIn } from './certified-key.ts'

type Values = Pick<
  ValuesOf<'controller-manager'>,
  Extract<keyof ValuesOf<'controller-manager'>, `clusterSigning${string}`>
>
type Pair = readonly [certificate: string | undefined, key: string | undefined]

/** Undefined where no file is named: then nobody signs. Throws UserErrors. */
export function signingOptionsOf(
  values: Values,
  files: Pick<Files, 'read'>,
): SigningOptions | undefined {
  const each: Readonly<Record<SignerName, Pair>> = {
    'kubernetes.io/kubelet-serving': [
      values.clusterSigningKubeletServingCertFile,
      values.clusterSigningKubeletServingKeyFile,
    ],
    'kubernetes.io/kube-apiserver-client-kubelet': [
      values.clusterSigningKubeletClientCertFile,
      values.clusterSigningKubeletClientKeyFile,
    ],
    'kubernetes.io/kube-apiserver-client': [
      values.clusterSigningKubeApiserverClientCertFile,
      values.clusterSigningKubeApiserverClientKeyFile,
    ],
    'kubernetes.io/legacy-unknown': [
      values.clusterSigningLegacyUnknownCertFile,
      values.clusterSigningLegacyUnknownKeyFile,
    ],
  }
  const shared: Pair = [values.clusterSigningCertFile, values.clusterSigningKeyFile]
  const isShared = isNamed(shared)
  const isEach = Object.values(each).some(isNamed)
  if (isShared && isEach)
    throw new UserError(
      'cannot specify --cluster-signing-{cert,key}-file and other --cluster-signing-*-file flags at the same time',
    )
  if (!isShared && !isEach) return undefined
  const authorities = Object.entries(each).flatMap(([signer, own]) => {
    const pair = isShared ? shared : own
    if (!isNamed(pair)) return []
    const [certificate, key] = wholePair(signer, pair)
    const read = () => certifiedKeyIn(certificate, key, files)
    read() // A file that cannot be used must end the start, not the first signature.
    return [[signer, read]]
  })
  return {
    authorities: Object.fromEntries(authorities),
    durationMs: values.clusterSigningDurationMs,
  }
}

/** How tokens in Secrets are signed, as --service-account-private-key-file says; undefined without one. */
export async function tokenOptionsOf(
  file: string | undefined,
  files: Pick<Files, 'read'>,
): Promise<TokenOptions | undefined> {
  if (file === undefined) return undefined
  const content = files.read(file)
  if (content === undefined) throw new UserError(`there is no file ${file}`)
  const { signingKeyOf, signToken } = await import('#apiserver/authentication/jwt.ts')
  try {
    const key = signingKeyOf(content.toString())
    return { sign: claims => signToken(claims, key) }
  } catch (error) {
    throw new UserError(`${file} cannot be used: ${messageOf(error)}`)
  }
}

const isNamed = (pair: Pair) => pair.some(file => file !== undefined)

function wholePair(signer: string, [certificate, key]: Pair): readonly [string, string] {
  if (certificate === undefined) throw new UserError(`${signer}: cannot specify key without cert`)
  if (key === undefined) throw new UserError(`${signer}: cannot specify cert without key`)
  return [certificate, key]
}
