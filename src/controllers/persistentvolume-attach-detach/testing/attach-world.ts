/** Nodes, disks and pods, with commands that stand for users, attachers and kubelets. */
import type { Node } from '#api/core/v1/node.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import type { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { Commands } from '../../testing/scenarios.ts'
import { type Interruption, ServerWorld } from '../../testing/server-world.ts'
import { type Loose, worldCommands } from '../../testing/test-world.ts'
import { AttachMemory } from '../attach-memory.ts'
import { uniqueNameOf } from '../attachments.ts'
import { reconcile } from '../persistentvolume-attach-detach.reconcile.ts'

const KINDS = ['Pod', 'PersistentVolume', 'Node', 'VolumeAttachment', 'CSIDriver']
export const ATTACHMENT = 'VolumeAttachment'
const ROUNDS = 30

export class AttachWorld extends ServerWorld {
  memory = new AttachMemory()
  readonly forced: string[] = []

  node(name: string): void {
    this.put({
      kind: 'Node',
      metadata: {
        name,
        annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
      },
      spec: {},
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    })
  }

  disk(name: string, modes: readonly string[] = ['ReadWriteOnce']): void {
    this.put({
      kind: 'PersistentVolume',
      metadata: { name },
      spec: { accessModes: modes, csi: { driver: 'd', volumeHandle: name } },
      status: { phase: 'Bound' },
    })
  }

  /** A pod whose volume is the disk of that name. */
  pod(name: string, disk: string, nodeName: string, namespace = 'a'): void {
    this.put({
      kind: 'Pod',
      metadata: { name, namespace },
      spec: { nodeName, volumes: [{ name: disk, persistentVolumeClaim: { claimName: disk } }] },
      status: { phase: 'Pending' },
    })
  }

  async look(disk: string, interruption?: Interruption): Promise<string[]> {
    this.showOwn(disk)
    const volume = this.seen<PersistentVolume>('PersistentVolume', disk)
    const uniqueName = (volume && uniqueNameOf(volume)) ?? nameOf(disk)
    const outcome = reconcile({
      uniqueName,
      volume,
      driver: this.seen<CSIDriver>('CSIDriver', 'd'),
      attachments: this.allSeen<VolumeAttachment>(ATTACHMENT).filter(
        ({ spec }) => spec.source.persistentVolumeName === disk,
      ),
      pods: this.allSeen<Pod>('Pod').filter(pod => usesDisk(pod, disk)),
      nodeNamed: name => this.seen('Node', name),
      nodesNaming: this.allSeen<Node>('Node').filter(({ status }) =>
        status.volumesAttached?.some(({ name }) => name === uniqueName),
      ),
      memory: this.memory,
      forced: reason => void this.forced.push(reason),
      nowMs: this.nowMs,
    })
    const lines = this.performFor(disk, outcome, interruption)
    return outcome.againAfterMs === undefined
      ? lines
      : [...lines, `again after ${outcome.againAfterMs} ms`]
  }

  see(): void {
    this.showAll(KINDS)
  }

  get disks(): string[] {
    return this.list<Loose>('PersistentVolume').map(({ metadata }) => metadata.name)
  }

  /** The drivers' attacher: attaches what it is asked to, and lets go of what is deleted. */
  attacher(): boolean {
    let acted = false
    for (const { metadata, status } of this.list<VolumeAttachment>(ATTACHMENT)) {
      const { name = '', deletionTimestamp } = metadata
      if (deletionTimestamp) this.remove(ATTACHMENT, name)
      else if (status?.attached) continue
      else
        this.change(ATTACHMENT, name, attachment => {
          attachment.metadata.finalizers = ['external-attacher/d']
          attachment.status = { attached: true }
        })
      acted = true
    }
    return acted
  }

  /** The kubelet of a node: says which volumes it uses, which it may only once they are attached. */
  kubelet(name: string): void {
    const node = this.get<Node>('Node', name)
    if (!node) return
    const attached = (node.status.volumesAttached ?? []).map(({ name: volume }) => volume)
    const mounted = node.status.volumesInUse ?? []
    const wanted = this.list<Pod>('Pod')
      .filter(({ spec, status }) => spec.nodeName === name && status.phase !== 'Succeeded')
      .flatMap(({ spec }) => (spec.volumes ?? []).map(volume => nameOf(volume.name)))
      .filter(volume => attached.includes(volume) || mounted.includes(volume))
    const volumesInUse = [...new Set(wanted)].toSorted()
    if (volumesInUse.join() === mounted.join()) return
    this.change('Node', name, object => {
      object.status.volumesInUse = volumesInUse
    })
  }

  /** Everybody does their part until nothing changes any more. */
  async settle(): Promise<string[]> {
    const lines: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      this.see()
      const done: string[] = []
      for (const disk of this.disks) done.push(...(await this.look(disk)))
      lines.push(...done.filter(line => !line.startsWith('again')))
      const acted = this.attacher()
      for (const { metadata } of this.list<Node>('Node')) this.kubelet(metadata.name ?? '')
      const isQuiet = !done.some(line => /^(create|delete|status|update|conflict)/.test(line))
      if (isQuiet && !acted && round > 1) return lines
    }
    throw new Error(`does not settle: ${lines.slice(-10).join('\n')}`)
  }
}

export const nameOf = (disk: string): string =>
  uniqueNameOf({
    spec: { csi: { driver: 'd', volumeHandle: disk } },
  } as PersistentVolume) ?? ''

const usesDisk = ({ spec }: Pod, disk: string): boolean =>
  (spec.volumes ?? []).some(({ name }) => name === disk)

export function commandsOf(world: AttachWorld): Commands {
  return {
    ...worldCommands(world),
    node: (...names) => names.forEach(name => void world.node(name)),
    disk: (name = '', ...modes) => world.disk(name, modes.length > 0 ? modes : undefined),
    pod: (name = '', disk = '', node = '', namespace = 'a') =>
      world.pod(name, disk, node, namespace),
    driver: (attachRequired = 'true') =>
      world.put({
        kind: 'CSIDriver',
        metadata: { name: 'd' },
        spec: { attachRequired: attachRequired === 'true' },
      }),
    async look(disk = '') {
      world.see()
      return short(await world.look(disk))
    },
    attacher: () => void world.attacher(),
    kubelet: (name = '') => world.kubelet(name),
    refuse(message = '') {
      for (const { metadata } of world.list<VolumeAttachment>(ATTACHMENT))
        world.change(ATTACHMENT, metadata.name ?? '', attachment => {
          attachment.status = { attached: false, attachError: { time: world.now, message } }
        })
    },
    unready: (name = '') =>
      world.change('Node', name, ({ status }) => {
        status.conditions = [{ type: 'Ready', status: 'Unknown' }]
      }),
    lose(name = '') {
      world.memory.nodeGone(name, world.get<Node>('Node', name)?.status.volumesInUse ?? [])
      world.remove('Node', name)
    },
    restart() {
      world.memory = new AttachMemory()
    },
    forced: () => world.forced.splice(0),
    settle: async () => short(await world.settle()),
    state: () => [
      ...world.list<VolumeAttachment>(ATTACHMENT).map(({ spec, status, metadata }) => {
        const state = status?.attached ? 'attached' : 'asked'
        const end = metadata.deletionTimestamp ? ', ending' : ''
        return `${spec.source.persistentVolumeName} on ${spec.nodeName}: ${state}${end}`
      }),
      ...world.list<Node>('Node').map(({ metadata, status }) => {
        const attached = (status.volumesAttached ?? []).map(({ name }) => name).join(' ')
        return `${metadata.name} has ${attached || 'none'}, uses ${status.volumesInUse?.join(' ') || 'none'}`
      }),
    ],
  }
}

/** Names of attachments are hashes; their first digits tell them apart. */
const short = (lines: readonly string[]): string[] =>
  lines.map(line => line.replaceAll(/csi-([0-9a-f]{6})[0-9a-f]{58}/g, 'csi-$1'))
