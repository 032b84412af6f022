/** Claims, volumes and classes, with commands that stand for users, provisioners and the scheduler. */
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import { claimKeysOf } from '../../runner/claims.ts'
import type { Outcome } from '../../runner/controller.ts'
import type { Commands } from '../../testing/scenarios.ts'
import { type Interruption, ServerWorld } from '../../testing/server-world.ts'
import { assign, type Loose, worldCommands } from '../../testing/test-world.ts'
import { reconcileClaim } from '../persistentvolume-binder.reconcile.claim.ts'
import { reconcileVolume } from '../persistentvolume-binder.reconcile.volume.ts'
import { VolumePromises } from '../volume-promises.ts'

const KINDS = ['PersistentVolumeClaim', 'PersistentVolume', 'StorageClass', 'Pod']
export const CLAIM = 'PersistentVolumeClaim'
export const VOLUME = 'PersistentVolume'
const NAMESPACE = 'a'
const ROUNDS = 30

export class BinderWorld extends ServerWorld {
  promises = new VolumePromises()

  claim(name: string, size = '1Gi', spec: object = {}): void {
    this.put({
      kind: CLAIM,
      metadata: { name, namespace: NAMESPACE },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } }, ...spec },
      status: { phase: 'Pending' },
    })
  }

  volume(name: string, size = '1Gi', spec: object = {}): void {
    this.put({
      kind: VOLUME,
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: size },
        persistentVolumeReclaimPolicy: 'Retain',
        hostPath: { path: `/data/${name}` },
        ...spec,
      },
      status: { phase: 'Pending' },
    })
  }

  storageClass(name: string, fields: object = {}): void {
    this.put({ kind: 'StorageClass', metadata: { name }, provisioner: 'example.com/p', ...fields })
  }

  /** Looks at `claim/NAME` or `volume/NAME` as its view shows it now, and does what comes of that. */
  async look(key: string, interruption?: Interruption): Promise<string[]> {
    this.showOwn(key)
    return this.performFor(key, await this.#decide(key), interruption)
  }

  async #decide(key: string): Promise<Outcome> {
    const [sort, name = ''] = key.split('/')
    const at = (claim: string) => claim.slice(NAMESPACE.length + 1)
    const podsOf = (claim: string) =>
      this.allSeen<Pod>('Pod').filter(pod => claimKeysOf(pod).includes(claim))
    if (sort === 'volume') {
      const volume = this.seen<PersistentVolume>(VOLUME, name)
      if (!volume) return { writes: [] }
      return reconcileVolume({
        volume,
        claimAt: claim => this.seen(CLAIM, at(claim)),
        liveClaimAt: async claim => this.get(CLAIM, at(claim)),
        podsOf,
      })
    }
    const claim = this.seen<PersistentVolumeClaim>(CLAIM, name)
    if (!claim) return { writes: [] }
    return reconcileClaim({
      claim,
      volumeNamed: volume => this.seen(VOLUME, volume),
      volumes: () => this.allSeen<PersistentVolume>(VOLUME),
      classes: () => this.allSeen<StorageClass>('StorageClass'),
      pods: () => podsOf(`${NAMESPACE}/${name}`),
      promises: this.promises,
    })
  }

  see(): void {
    this.showAll(KINDS)
  }

  get keys(): string[] {
    const names = (kind: string) => this.list<Loose>(kind).map(({ metadata }) => metadata.name)
    return [
      ...names(CLAIM).map(name => `claim/${name}`),
      ...names(VOLUME).map(name => `volume/${name}`),
    ]
  }

  /** Looks at everything until nothing is written any more; tells an event that comes again and again once. */
  async settle(): Promise<string[]> {
    const lines: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      this.see()
      const done: string[] = []
      for (const key of this.keys) done.push(...(await this.look(key)))
      lines.push(...done.filter(line => isChange(line) || !lines.includes(line)))
      if (!done.some(isChange)) return lines
    }
    throw new Error(`does not settle: ${lines.slice(-10).join('\n')}`)
  }
}

const isChange = (line: string) => /^(create|update|status|delete|conflict)/.test(line)

/** `size=1Gi`, or any field of the spec as `path=json`. */
function specOf(settings: readonly string[]): { size?: string; spec: Loose } {
  const spec: Loose = {}
  let size: string | undefined
  for (const setting of settings)
    if (setting.startsWith('size=')) size = setting.slice('size='.length)
    else assign(spec, setting)
  return { ...(size === undefined ? {} : { size }), spec }
}

export function commandsOf(world: BinderWorld): Commands {
  return {
    ...worldCommands(world),
    claim(name = '', ...settings) {
      const { size, spec } = specOf(settings)
      world.claim(name, size, spec)
    },
    volume(name = '', ...settings) {
      const { size, spec } = specOf(settings)
      world.volume(name, size, spec)
    },
    class: (name = '', ...settings) => world.storageClass(name, specOf(settings).spec),
    pod: (name = '', claim = '', nodeName = '') =>
      world.put({
        kind: 'Pod',
        metadata: { name, namespace: NAMESPACE },
        spec: { nodeName, volumes: [{ name: 'v', persistentVolumeClaim: { claimName: claim } }] },
        status: { phase: 'Pending' },
      }),
    annotate: (kind = '', name = '', annotation = '', value = 'yes') =>
      world.change(kind, name, ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, [annotation]: value }
      }),
    settle: () => world.settle(),
    phases: () =>
      [...world.list<Loose>(CLAIM), ...world.list<Loose>(VOLUME)].map(
        ({ kind, metadata, spec, status }) => {
          const to = kind === CLAIM ? spec.volumeName : spec.claimRef?.name
          return `${kind} ${metadata.name} ${status.phase}${to ? ` → ${to}` : ''}`
        },
      ),
  }
}
