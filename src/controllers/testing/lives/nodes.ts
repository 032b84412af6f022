/** Scheduler and kubelets of a few lines: pods are bound, run and end a moment later; nodes say that they are well. */
import { lease } from '#api/coordination/v1/lease.ts'
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type Clock, rfc3339, rfc3339Micro } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type { Client } from '#client/client.ts'
import type { Informers } from '#client/informer.ts'
import { nodeNamed } from '../test-cluster.ts'

const SLOWEST_STEP_MS = 800
const RENEWAL_MS = 10_000

export interface NodesOptions {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
}

export class Nodes {
  readonly #options: NodesOptions
  readonly #names = new Set<string>()
  #addresses = 0
  #isStopped = false

  constructor(options: NodesOptions) {
    this.#options = options
    options.informers.for(pod).subscribe({ changed: found => this.#later(found) })
    this.#renew()
  }

  async add(name: string): Promise<void> {
    const { client, clock } = this.#options
    await client.create(node, nodeNamed(name, '8', {}, clock))
    await client.create(lease, {
      metadata: { name, namespace: 'kube-node-lease' },
      spec: { holderIdentity: name, leaseDurationSeconds: 40 },
    })
    this.#names.add(name)
  }

  async remove(name: string): Promise<void> {
    this.#names.delete(name)
    await this.#options.client.delete(node, { name })
  }

  stop(): void {
    this.#isStopped = true
  }

  #renew(): void {
    const { client, clock } = this.#options
    if (this.#isStopped) return
    for (const name of this.#names) {
      const renewTime = rfc3339Micro(clock.now())
      const at = { name, namespace: 'kube-node-lease' }
      void client.patch(lease, at, 'merge', { spec: { renewTime } }).catch(() => {})
    }
    clock.after(RENEWAL_MS, () => this.#renew())
  }

  #later(found: Pod): void {
    const { clock, random } = this.#options
    clock.after(random.integer(SLOWEST_STEP_MS), () => {
      if (this.#isStopped) return
      // A conflict means a newer state, of which another event tells.
      void this.#step(found).catch(error => {
        if (!isStatus(error, 'Conflict', 'NotFound')) throw error
      })
    })
  }

  async #step(found: Pod): Promise<void> {
    const { client } = this.#options
    const { name = '', namespace = '', uid = '' } = found.metadata
    const at = { name, namespace }
    const { nodeName } = found.spec
    if (!nodeName) return this.#bind(found)
    // Nobody is there to run or end pods of a node that is gone.
    if (!this.#names.has(nodeName)) return
    if (found.metadata.deletionTimestamp) {
      if (found.metadata.finalizers?.length && found.status.phase === 'Failed') return
      if (found.metadata.finalizers?.length) return this.#report(found, 'Failed')
      return client.delete(pod, at, { gracePeriodSeconds: 0, uid })
    }
    if (found.status.phase === 'Pending') return this.#report(found, 'Running')
    const ends = found.spec.restartPolicy === 'Never'
    if (found.status.phase === 'Running' && ends) return this.#report(found, 'Succeeded')
  }

  async #bind(found: Pod): Promise<void> {
    const { client } = this.#options
    const { name = '', namespace = '', deletionTimestamp } = found.metadata
    if (deletionTimestamp) return
    const terms = found.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    const asked = terms?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0]
    const target = { kind: 'Node', name: asked ?? found.spec.nodeSelector?.only ?? 'node-0' }
    if (!this.#names.has(target.name)) return
    const metadata = { name, namespace }
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata, target }
    await client.createSubresource(pod, metadata, 'binding', binding)
  }

  async #report(found: Pod, phase: 'Running' | 'Succeeded' | 'Failed'): Promise<void> {
    const { client, clock } = this.#options
    const ip = found.status.podIP ?? `10.0.${this.#addresses >> 8}.${this.#addresses++ & 255}`
    const ready = phase === 'Running' ? 'True' : 'False'
    const lastTransitionTime = rfc3339(clock.now())
    const status = {
      ...found.status,
      phase,
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: ready, lastTransitionTime }],
    }
    await client.update(pod, { ...found, status } as Pod, { subresource: 'status' })
  }
}
