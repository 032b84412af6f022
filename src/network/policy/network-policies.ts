/**
 * Network policies on this node: what the API says of policies, pods and namespaces becomes one nftables table. Where there are no policies there is no
 * table, and pods of other nodes are not even watched.
 */
import { namespace } from '#api/core/v1/namespace.ts'
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { type NetworkPolicy, networkPolicy } from '#api/networking/v1/network-policy.ts'
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Informer } from '#client/informer.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { tryCommand } from '#host/command.ts'
import { NO_RULES, type Ruleset, type Table } from '#host/nftables/ruleset.ts'
import { TableWriter } from '#host/nftables/table-writer.ts'
import { compilePolicy } from './allowance.ts'
import { GATE } from './base-chains.ts'
import { addressesOf, DNS_KEY, dnsPodOf, isOfDns, policedPodOf } from './policed-pod.ts'
import { PolicyBook } from './policy-book.ts'

export interface NetworkPolicyOptions {
  readonly nodeName: string
  /** Names what belongs to this Proa on the machine; the table's name begins with it. */
  readonly instance: string
  /** The program and its first words, by default `nft` itself. */
  readonly nft?: readonly [string, ...string[]]
  readonly lookEveryMs?: number
}

export interface NetworkPolicies extends Running {
  /** Resolves when the rules of the first complete view are in the kernel. */
  readonly ready: Promise<void>
  /**
   * A pod of this node has these addresses now and nothing of it runs yet. Resolves when its packets meet the rules that are for it; the API need
   * not know of the addresses.
   */
  admit(pod: Pod, addresses: readonly string[]): Promise<void>
}

/** More often than service rules: as long as others have taken these away everything is let through. */
const LOOK_EVERY_MS = 2_000

const tableOf = (instance: string): Table => ({ family: 'inet', name: `${instance}-policy` })

export function startNetworkPolicies(
  context: RoleContext,
  options: NetworkPolicyOptions,
): NetworkPolicies {
  return new PolicyKeeper(context, options)
}

/** Removes the table; harmless where there is none. */
export async function removeNetworkPolicyRules(instance: string): Promise<void> {
  const { family, name } = tableOf(instance)
  await tryCommand('nft', ['delete', 'table', family, name]).catch(() => undefined)
}

/** Whoever waits is told that it is in vain, and may ask again. */
const ADMIT_WITHIN_MS = 10_000

class PolicyKeeper implements NetworkPolicies {
  readonly ready: Promise<void>
  readonly #context: RoleContext
  readonly #options: NetworkPolicyOptions
  readonly #log: Log
  readonly #book = new PolicyBook()
  /** Addresses of pods that the API does not tell yet, by uid. */
  readonly #announced = new Map<string, readonly string[]>()
  readonly #ends: (() => void)[] = []
  /** While pods and namespaces are followed. */
  #pods: Informer<Pod> | undefined
  #endsOfPods: (() => void)[] = []
  #following: Promise<void> | undefined
  #writer: TableWriter<{ ruleset: Ruleset }> | undefined
  #stopped = false

  constructor(context: RoleContext, options: NetworkPolicyOptions) {
    this.#context = context
    this.#options = options
    this.#log = context.log.with({ component: 'network-policy' })
    this.ready = this.#start()
    this.ready.catch(error =>
      this.#log.error('network policies are not enforced', { error: messageOf(error) }),
    )
  }

  async admit(pod: Pod, addresses: readonly string[]): Promise<void> {
    await inTime(this.#context.clock, this.ready)
    await inTime(this.#context.clock, this.#following)
    const { namespace = '', name, resourceVersion } = pod.metadata
    const pods = this.#pods
    if (!pods || this.#stopped) return
    const known = pods.get(`${namespace}/${name}`)
    const isSame = known !== undefined && ownUid(known) === ownUid(pod)
    // Gone, and perhaps another one has its name.
    if (!isSame && pods.revision >= Number(resourceVersion)) return
    this.#announced.set(ownUid(pod), addresses)
    // What is known here may be newer, and nobody would tell of it again.
    const isOlder = isSame && !(Number(resourceVersion) > Number(known.metadata.resourceVersion))
    this.#setPod(isOlder ? known : pod)
    await inTime(this.#context.clock, this.#writer?.settled())
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const end of [...this.#ends, ...this.#endsOfPods]) end()
    await this.#writer?.stop()
  }

  async #start(): Promise<void> {
    const { informers, clock } = this.#context
    const { nodeName, instance, nft, lookEveryMs = LOOK_EVERY_MS } = this.#options
    const policies = informers.for(networkPolicy)
    const nodes = informers.for(node, { fieldSelector: `metadata.name=${nodeName}` })
    await Promise.all([policies.synced, nodes.synced])
    if (this.#stopped) return
    this.#ends.push(
      nodes.subscribe({
        changed: ({ spec }) => {
          const { podCIDR, podCIDRs = podCIDR ? [podCIDR] : [] } = spec ?? {}
          if (this.#book.setNodeRanges(podCIDRs)) this.#changed()
        },
      }),
      policies.subscribe({
        changed: policy => this.#setPolicy(policy),
        deleted: ({ metadata }) => {
          if (this.#book.setPolicy(`${metadata.namespace}/${metadata.name}`, undefined))
            this.#changed()
          this.#followIfNeeded()
        },
      }),
    )
    await this.#following
    if (this.#stopped) return
    this.#writer = new TableWriter({
      ...{ clock, log: this.#log, nft, lookEveryMs },
      table: tableOf(instance),
      what: 'rules of network policies',
      gate: GATE,
      wanted: () => ({ ruleset: this.#pods ? this.#book.ruleset() : NO_RULES }),
      written() {},
    })
    await this.#writer.firstWrite
  }

  #setPolicy(policy: NetworkPolicy): void {
    const { namespace, name } = policy.metadata
    try {
      if (this.#book.setPolicy(`${namespace}/${name}`, compilePolicy(policy))) this.#changed()
    } catch (error) {
      const fields = { namespace, policy: name, error: messageOf(error) }
      this.#log.error('a network policy can not be understood, and is not enforced', fields)
    }
    this.#followIfNeeded()
  }

  /** Pods and namespaces are of interest only where there are policies. */
  #followIfNeeded(): void {
    if (this.#book.hasPolicies) {
      this.#following ??= this.#follow()
      return
    }
    for (const end of this.#endsOfPods.splice(0)) end()
    this.#following = undefined
    this.#pods = undefined
    this.#announced.clear()
    this.#book.forgetPods()
    this.#changed()
  }

  async #follow(): Promise<void> {
    const { informers } = this.#context
    const pods = informers.for(pod)
    const namespaces = informers.for(namespace)
    const slices = informers.for(endpointSlice)
    await Promise.all([pods.synced, namespaces.synced, slices.synced])
    if (this.#stopped || this.#pods || !this.#book.hasPolicies) return
    this.#pods = pods
    const dns = () => {
      const found = slices.list('kube-system').filter(isOfDns)
      if (this.#book.setPod(DNS_KEY, dnsPodOf(found))) this.#changed()
    }
    const ofDns = (slice: EndpointSlice) => void (isOfDns(slice) && dns())
    const named = (name: string, labels: Readonly<Record<string, string>> | undefined) => {
      if (this.#book.setNamespace(name, labels)) this.#changed()
    }
    this.#endsOfPods = [
      slices.subscribe({ changed: ofDns, deleted: ofDns }),
      namespaces.subscribe({
        changed: ({ metadata }) => named(metadata.name ?? '', metadata.labels ?? {}),
        deleted: ({ metadata }) => named(metadata.name ?? '', undefined),
      }),
      pods.subscribe({
        changed: pod => this.#setPod(pod),
        deleted: pod => {
          const { metadata } = pod
          this.#announced.delete(ownUid(pod))
          if (this.#book.setPod(`${metadata.namespace}/${metadata.name}`, undefined))
            this.#changed()
        },
      }),
    ]
    this.#changed()
  }

  #setPod(pod: Pod): void {
    const { namespace, name } = pod.metadata
    const uid = ownUid(pod)
    const announced = this.#announced.get(uid)
    if (announced && addressesOf(pod).join() === announced.join()) this.#announced.delete(uid)
    const policed = policedPodOf(pod, this.#options.nodeName, announced)
    if (this.#book.setPod(`${namespace}/${name}`, policed)) this.#changed()
  }

  #changed(): void {
    if (this.#pods || !this.#book.hasPolicies) this.#writer?.changed()
  }
}

/** A static pod is known to its node by another uid than its mirror has in the API. */
const ownUid = ({ metadata }: Pod): string =>
  metadata.annotations?.['kubernetes.io/config.mirror'] ?? metadata.uid ?? ''

async function inTime(clock: Clock, done: Promise<void> | undefined): Promise<void> {
  const waited = new AbortController()
  const late = sleep(clock, ADMIT_WITHIN_MS, waited.signal).then(
    () => {
      throw new Error('the rules of network policies are not in the kernel yet')
    },
    () => {},
  )
  try {
    await Promise.race([done, late])
  } finally {
    waited.abort()
  }
}
