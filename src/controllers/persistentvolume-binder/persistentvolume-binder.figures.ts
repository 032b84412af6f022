/** What upstream's controller tells of claims and volumes, counted at each scrape. */
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { classOf } from '#api/core/v1/storage.ts'
import type { FigureBook, Sample } from '#base/figures.ts'

type Labels = Readonly<Record<string, string>>

const name = (text: string) => `pv_collector_${text}`

export function countClaimsAndVolumes(
  book: FigureBook,
  claims: () => readonly PersistentVolumeClaim[],
  volumes: () => readonly PersistentVolume[],
): void {
  const isBound = ({ status }: { status: { phase?: string } }) => status.phase === 'Bound'
  const ofClass = (volume: PersistentVolume) => ({ storage_class: classOf(volume) })
  const ofClaim = (claim: PersistentVolumeClaim) => ({
    namespace: claim.metadata.namespace ?? '',
    storage_class: classOf(claim),
    volume_attributes_class: claim.spec.volumeAttributesClassName ?? '',
  })
  book.gauge(name('total_pv_count'), 'Volumes, by what they are.', () =>
    counted(volumes(), volume => ({
      plugin_name: pluginOf(volume),
      volume_mode: volume.spec.volumeMode ?? 'Filesystem',
    })),
  )
  for (const wanted of [true, false]) {
    const word = wanted ? 'bound' : 'unbound'
    book.gauge(name(`${word}_pv_count`), `Volumes that are ${word}.`, () =>
      counted(
        volumes().filter(volume => isBound(volume) === wanted),
        ofClass,
      ),
    )
    book.gauge(name(`${word}_pvc_count`), `Claims that are ${word}.`, () =>
      counted(
        claims().filter(claim => isBound(claim) === wanted),
        ofClaim,
      ),
    )
  }
}

function counted<T>(objects: readonly T[], labelsOf: (object: T) => Labels): Sample[] {
  const groups = Map.groupBy(objects, object => JSON.stringify(labelsOf(object)))
  return [...groups].map(([labels, { length }]) => ({
    labels: JSON.parse(labels) as Labels,
    value: length,
  }))
}

const PLUGINS: Readonly<Record<string, string>> = {
  hostPath: 'kubernetes.io/host-path',
  local: 'kubernetes.io/local-volume',
  nfs: 'kubernetes.io/nfs',
  iscsi: 'kubernetes.io/iscsi',
  fc: 'kubernetes.io/fc',
}

function pluginOf({ spec }: PersistentVolume): string {
  if (spec.csi) return `kubernetes.io/csi:${spec.csi.driver}`
  const source = Object.keys(spec).find(key => Object.hasOwn(PLUGINS, key))
  return PLUGINS[source ?? ''] ?? 'N/A'
}
