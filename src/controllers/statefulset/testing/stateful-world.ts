/** A StatefulSet in a world of its own, with commands that stand for users, nodes and the garbage collector. */
import type { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import type { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Outcome } from '../../runner/controller.ts'
import type { Commands } from '../../testing/scenarios.ts'
import { assign, type Loose, TestWorld, worldCommands } from '../../testing/test-world.ts'
import { reconcile } from '../statefulset.reconcile.ts'

export class StatefulWorld extends TestWorld {
  constructor() {
    super()
    this.put({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'web', namespace: 'a', uid: 'set', generation: 1 },
      spec: {
        replicas: 3,
        serviceName: 'web',
        podManagementPolicy: 'OrderedReady',
        selector: { matchLabels: { app: 'web' } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        revisionHistoryLimit: 2,
        template: template('v1'),
      },
      status: { replicas: 0, availableReplicas: 0 },
    })
  }

  get pods(): Pod[] {
    return this.list<Pod>('Pod')
  }

  look(failure?: { verb: string; kind: string; message: string }): Outcome {
    return reconcile({
      set: this.get<StatefulSet>('StatefulSet', 'web') as StatefulSet,
      pods: this.pods,
      revisions: this.list<ControllerRevision>('ControllerRevision'),
      revisionNamed: name => this.get('ControllerRevision', name),
      claimNamed: name => this.get<PersistentVolumeClaim>('PersistentVolumeClaim', name),
      nowMs: this.nowMs,
      failure,
    })
  }

  edit(change: (spec: Loose) => void): void {
    this.change('StatefulSet', 'web', set => {
      change(set.spec)
      set.metadata.generation++
    })
  }

  setImage(image: string): void {
    this.edit(spec => {
      spec.template = template(image)
    })
  }

  /** The kubelet has stopped a pod; the garbage collector takes what only it owned. */
  stopped(name: string): void {
    const { uid } = this.get<Pod>('Pod', name)?.metadata ?? {}
    this.remove('Pod', name)
    for (const { metadata } of this.list<PersistentVolumeClaim>('PersistentVolumeClaim'))
      if (metadata.ownerReferences?.some(owner => owner.uid === uid))
        this.remove('PersistentVolumeClaim', metadata.name ?? '')
  }
}

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
})

export function commandsOf(world: StatefulWorld): Commands {
  return {
    ...worldCommands(world),
    spec: (...settings) =>
      world.edit(spec => settings.forEach(setting => void assign(spec, setting))),
    claims: (...names) =>
      world.edit(spec => {
        spec.volumeClaimTemplates = names.map(name => ({
          metadata: { name },
          spec: { accessModes: ['ReadWriteOnce'] },
        }))
      }),
    image: (image = '') => world.setImage(image),
    look: () => world.perform(world.look()),
    /** Looks and lets all pods run, be ready and stop until nothing changes. */
    settle() {
      const lines: string[] = []
      for (let round = 0; round < 50; round++) {
        const done = world.perform(world.look())
        lines.push(...done.filter(line => /^(create|delete|update)/.test(line)))
        const moved = live(world)
        if (done.length === 0 && !moved) return lines
      }
      return [...lines, 'does not settle']
    },
    run: (name = '') => world.run(name),
    unready: (name = '') => world.run(name, false),
    fail: (name = '') => world.setPod(name, { phase: 'Failed' }),
    stopped: (name = '') => world.stopped(name),
    unlabel: (name = '') =>
      world.change('Pod', name, pod => {
        delete pod.metadata.labels['statefulset.kubernetes.io/pod-name']
      }),
  }
}

/** What nodes do in a while. True when anything has changed. */
export function live(world: StatefulWorld): boolean {
  let moved = false
  for (const { metadata, status } of world.pods) {
    if (metadata.deletionTimestamp) world.stopped(metadata.name ?? '')
    else if (status.phase === 'Pending') world.run(metadata.name ?? '')
    else continue
    moved = true
  }
  return moved
}
