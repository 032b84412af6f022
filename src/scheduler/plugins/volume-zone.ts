import { persistentVolume } from '#api/core/v1/persistent-volume.ts'
import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { classOf } from '#api/core/v1/storage.ts'
import { type StorageClass, storageClass } from '#api/storage/v1/storage-class.ts'
import { actions, type ClusterEvent } from '../framework/cluster-event.ts'
import { cycleKey } from '../framework/cycle-state.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin } from '../framework/plugin.ts'
import { SKIP, type Status, unresolvable } from '../framework/status.ts'
import { concernsOwnClaim } from './volume-events.ts'

const NAME = 'VolumeZone'
const CONFLICT = unresolvable(NAME, 'node(s) had no available volume zone')

/** Older labels, and what they are called now. */
const CURRENT: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
}
const LABELS: readonly string[] = [...Object.keys(CURRENT), ...Object.values(CURRENT)]

interface Place {
  readonly label: string
  readonly values: ReadonlySet<string>
}
const STATE = cycleKey<readonly Place[]>('VolumeZone')

/** Places pods only into zones and regions from which their bound volumes can be reached. */
export function volumeZone(_args: unknown, { informers }: Handle): Plugin {
  const claims = informers.for(persistentVolumeClaim)
  const volumes = informers.for(persistentVolume)
  const classes = informers.for(storageClass)

  /** Where the volume of a claim can be reached, or why the pod cannot be placed at all. */
  const placesOf = (namespace: string, name: string): readonly Place[] | Status => {
    const claim = claims.get(`${namespace}/${name}`)
    if (!claim) return unresolvable(NAME, `persistentvolumeclaim "${name}" not found`)
    const { volumeName } = claim.spec
    if (volumeName) {
      const volume = volumes.get(volumeName)
      if (!volume) return unresolvable(NAME, `persistentvolume "${volumeName}" not found`)
      return placesIn(volume.metadata.labels)
    }
    const className = classOf(claim)
    if (!className)
      return unresolvable(NAME, 'PersistentVolumeClaim had no pv name and storageClass name')
    const found = classes.get(className)
    if (!found) return unresolvable(NAME, `storageclass.storage.k8s.io "${className}" not found`)
    // VolumeBinding finds or makes a volume that fits the node.
    if (found.volumeBindingMode === 'WaitForFirstConsumer') return []
    return unresolvable(NAME, 'PersistentVolume had no name')
  }

  return {
    name: NAME,
    preFilter(cycle, { pod }) {
      const places: Place[] = []
      for (const { persistentVolumeClaim: used } of pod.spec.volumes ?? []) {
        if (!used) continue
        const own = placesOf(pod.metadata.namespace ?? '', used.claimName)
        if ('code' in own) return { status: own }
        places.push(...own)
      }
      if (places.length === 0) return { status: SKIP }
      cycle.set(STATE, places)
      return undefined
    },
    filter(cycle, _pod, { labels }) {
      // A cluster without zones has its volumes everywhere.
      if (!LABELS.some(label => label in labels)) return undefined
      const places = cycle.get(STATE) ?? []
      const isReached = ({ label, values }: Place) =>
        values.has(labels[label] ?? labels[CURRENT[label] ?? label] ?? '\0')
      return places.every(isReached) ? undefined : CONFLICT
    },
    events: () => [
      {
        resource: 'StorageClass',
        action: actions.add,
        hint: (_pod, { next }) =>
          (next as StorageClass).volumeBindingMode === 'WaitForFirstConsumer',
      },
      { resource: 'Node', action: actions.add | actions.updateNodeLabel },
      {
        resource: 'PersistentVolumeClaim',
        action: actions.add | actions.updateOther,
        hint: concernsOwnClaim,
      },
      {
        resource: 'PersistentVolume',
        action: actions.add | actions.updateOther,
        hint: (_pod, event) => isElsewhere(event),
      },
    ],
  }
}

/** A label may name several zones, with two underscores between them; one that cannot be read counts as absent. */
function placesIn(labels: Readonly<Record<string, string>> = {}): Place[] {
  return LABELS.flatMap(label => {
    const text = labels[label]
    if (text === undefined) return []
    const values = text.split('__').map(value => value.trim())
    return values.includes('') ? [] : { label, values: new Set(values) }
  })
}

function isElsewhere({ previous, next }: ClusterEvent): boolean {
  if (!previous) return true
  const [before, after] = [previous.metadata.labels, next?.metadata.labels]
  return LABELS.some(label => before?.[label] !== after?.[label])
}
