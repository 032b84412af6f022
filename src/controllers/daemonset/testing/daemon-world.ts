/** A DaemonSet and its nodes in a world of their own, with commands that stand for users and nodes. */
import type { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import type { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Commands } from '../../testing/scenarios.ts'
import { assign, type Loose, TestWorld, worldCommands } from '../../testing/test-world.ts'
import { FailedPods } from '../daemonset.failed-pods.ts'
import { targetNodeOf } from '../daemonset.nodes.ts'
import { type DaemonSetOutcome, reconcile } from '../daemonset.reconcile.ts'

export class DaemonWorld extends TestWorld {
  readonly #failed = new FailedPods({
    now: () => this.nowMs,
    monotonicMs: () => this.nowMs,
    after: () => () => {},
  })

  constructor() {
    super()
    this.put({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'log', namespace: 'a', uid: 'set', generation: 1 },
      spec: {
        selector: { matchLabels: { app: 'log' } },
        updateStrategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
        },
        revisionHistoryLimit: 1,
        template: template('v1'),
      },
      status: {},
    })
    for (const name of ['n1', 'n2', 'n3']) this.addNode(name)
  }

  get pods(): Pod[] {
    return this.list<Pod>('Pod')
  }

  get set(): DaemonSet {
    return this.get<DaemonSet>('DaemonSet', 'log') as DaemonSet
  }

  addNode(name: string): void {
    this.put({ kind: 'Node', metadata: { name, labels: {} }, spec: {} })
  }

  look(): DaemonSetOutcome {
    const { set } = this
    const outcome = reconcile({
      set,
      nodes: this.list<Node>('Node'),
      pods: this.pods,
      revisions: this.list<ControllerRevision>('ControllerRevision'),
      revisionNamed: name => this.get('ControllerRevision', name),
      backOffMs: node => this.#failed.waitMs(set, node),
      nowMs: this.nowMs,
    })
    for (const node of outcome.failedOn) this.#failed.note(set, node)
    return outcome
  }

  edit(change: (spec: Loose) => void): void {
    this.change('DaemonSet', 'log', set => {
      change(set.spec)
      set.metadata.generation++
    })
  }

  setImage(image: string): void {
    this.edit(spec => {
      spec.template.spec.containers[0].image = image
    })
  }

  /** The scheduler binds a pod, and its kubelet runs it. */
  override run(name: string, isReady = true): void {
    this.change('Pod', name, pod => {
      pod.spec.nodeName = targetNodeOf(pod)
    })
    super.run(name, isReady)
  }

  /** What scheduler and nodes do in a while. True when anything has changed. */
  live(): boolean {
    let moved = false
    for (const { metadata, status } of this.pods) {
      if (metadata.deletionTimestamp) this.remove('Pod', metadata.name ?? '')
      else if (status.phase === 'Pending') this.run(metadata.name ?? '')
      else continue
      moved = true
    }
    return moved
  }

  podOn(node: string): string {
    const found = this.pods.find(pod => targetNodeOf(pod) === node)
    return found?.metadata.name ?? ''
  }
}

const template = (image: string) => ({
  metadata: { labels: { app: 'log' } },
  spec: { containers: [{ name: 'c', image }] },
})

export function commandsOf(world: DaemonWorld): Commands {
  return {
    ...worldCommands(world),
    spec: (...settings) =>
      world.edit(spec => settings.forEach(setting => void assign(spec, setting))),
    image: (image = '') => world.setImage(image),
    node: (name = '') => world.addNode(name),
    look: () => world.perform(world.look()),
    /** Looks and lets all pods run, be ready and stop until nothing changes. */
    settle() {
      const lines: string[] = []
      for (let round = 0; round < 50; round++) {
        const done = world.perform(world.look())
        lines.push(...done.filter(line => /^(create|delete|update|patch)/.test(line)))
        const moved = world.live()
        if (done.length === 0 && !moved) return lines
      }
      return [...lines, 'does not settle']
    },
    /** What happens to the pod of a node. */
    run: (node = '') => world.run(world.podOn(node)),
    unready: (node = '') => world.run(world.podOn(node), false),
    fail: (node = '') => world.setPod(world.podOn(node), { phase: 'Failed' }),
    succeed: (node = '') => world.setPod(world.podOn(node), { phase: 'Succeeded' }),
    stopped: (node = '') => world.remove('Pod', world.podOn(node)),
    placed: () =>
      world.pods
        .map(pod => {
          const ending = pod.metadata.deletionTimestamp ? ' ending' : ''
          return `${targetNodeOf(pod)} ${pod.spec.containers[0]?.image}${ending}`
        })
        .sort(),
  }
}
