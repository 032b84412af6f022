/** Files of one volume of which one takes the place of another, or lies where another is a file. */
import type { VolumeProjection } from './schema.volumes.projected.ts'
import type { Volume } from './schema.volumes.ts'

interface Placed {
  readonly path: string
  /** Who puts it there, as it is told. */
  readonly source: string
}

/** Each is compared with those before it; of so many that this would take long, only the first are. */
const MOST_COMPARISONS = 10_000

export function pathWarnings(volumes: readonly Volume[]): string[] {
  return volumes.flatMap(({ name, configMap, secret, downwardAPI, projected }) => {
    const volume = `volume ${quoted(name)}`
    return [
      ...warningsOf(`${volume} (ConfigMap ${quoted(configMap?.name)})`, [filesIn(configMap)]),
      ...warningsOf(`${volume} (Secret ${quoted(secret?.secretName)})`, [filesIn(secret)]),
      ...warningsOf(`${volume} (DownwardAPI)`, [filesIn(downwardAPI)]),
      ...warningsOf(`${volume} (Projected)`, (projected?.sources ?? []).map(filesOf)),
    ]
  })
}

/** Of files that come from one source after the other; undefined for a source that is none. */
function warningsOf(volume: string, sources: readonly (readonly Placed[] | undefined)[]): string[] {
  const warnings = new Set<string>()
  const before: Placed[] = []
  let compared = 0
  for (const files of sources) {
    if (!files) warnings.add(`${volume} has no sources provided`)
    for (const file of files ?? []) {
      for (const other of before) {
        if (++compared > MOST_COMPARISONS) return [...warnings]
        if (overlap(file.path, other.path))
          warnings.add(`${volume}: overlapping paths: ${shown(file)} with ${shown(other)}`)
      }
      before.push(file)
    }
  }
  return [...warnings]
}

/** Of what a source says that is more than one, the first counts. */
function filesOf(source: VolumeProjection): Placed[] | undefined {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle } = source
  if (Object.values(source).every(part => part === undefined)) return undefined
  if (configMap?.items) return filesIn(configMap, ` (ConfigMap ${quoted(configMap.name)})`)
  if (secret?.items) return filesIn(secret, ` (Secret ${quoted(secret.name)})`)
  if (downwardAPI?.items) return filesIn(downwardAPI, ' (DownwardAPI)')
  if (serviceAccountToken)
    return filesIn({ items: [serviceAccountToken] }, ' (ServiceAccountToken)')
  if (clusterTrustBundle) {
    const { name, signerName } = clusterTrustBundle
    const bundle = ` (ClusterTrustBundle ${quoted(name ?? signerName)})`
    return filesIn({ items: [clusterTrustBundle] }, bundle)
  }
  const { certificateChainPath, keyPath, credentialBundlePath } = source.podCertificate ?? {}
  const parts = {
    chain: certificateChainPath,
    key: keyPath,
    'credential bundle': credentialBundlePath,
  }
  return Object.entries(parts).flatMap(([part, path]) =>
    path ? filesIn({ items: [{ path }] }, ` (PodCertificate ${part})`) : [],
  )
}

interface WithItems {
  readonly items?: readonly { readonly path: string }[]
}

const filesIn = (from: WithItems | undefined, source = ''): Placed[] =>
  (from?.items ?? []).map(({ path }) => ({ path: path.replace(/\/+$/, ''), source }))

const overlap = (one: string, other: string): boolean =>
  one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`)

const quoted = (text = '') => JSON.stringify(text)
const shown = ({ path, source }: Placed) => `${quoted(path)}${source}`
