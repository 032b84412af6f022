/**
 * The member clusters, as ClusterProfiles name them: each is connected by the kubeconfig in its Secret, asked every while how it is, and told
 * of in the status of its profile.
 */
import { type Secret, secret as secretKind } from '#api/core/v1/secret.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { Condition, KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { rfc3339, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { MANAGER, SYSTEM_NAMESPACE } from '../names.ts'
import { type ClusterProfile, clusterProfile, type Property, secretOf } from './cluster-profile.ts'
import { type ClusterState, conditionsAfter, type Health, stateOf } from './health.ts'
import { type Facts, Member, type MemberConnection } from './member.ts'

export interface MembersOptions {
  readonly uid: string
  /** Opens the way to a cluster that a kubeconfig describes, under `context` where one is named. */
  readonly connect: (kubeconfig: string, context?: string) => Promise<MemberConnection>
  readonly monitorPeriodMs: number
  /** How long a cluster that does not answer keeps its share. */
  readonly graceMs: number
  readonly changed: (kind: AnyKind, copy: KubernetesObject) => void
  /** Something that concerns every object: a cluster came, went, or changed its state or labels. */
  readonly clustersChanged: () => void
}

export interface MemberState {
  readonly name: string
  readonly labels: Readonly<Record<string, string>> | undefined
  readonly state: ClusterState
  /** Undefined while there is no way to it. */
  readonly member: Member | undefined
}

interface Known {
  profile: ClusterProfile
  /** Of the kubeconfig that `member` was made with. */
  credentials: string
  member: Member | undefined
  probe: AbortController
  /** When it was last asked how it is, by the monotonic clock. */
  probedMs: number
  /** By that clock, too, since when it has been away long enough: somebody may set the other one. */
  goesOfflineMs: number | undefined
  endGrace: () => void
  /** What all objects were last told of. */
  told: string
}

/** Many objects may find out at once that a cluster is not well. */
const LEAST_PAUSE_MS = 1_000

export class Members implements Running {
  readonly #context: RoleContext
  readonly #options: MembersOptions
  readonly #known = new Map<string, Known>()
  readonly #kinds = new Set<AnyKind>()
  /** Those that every cluster has. */
  readonly #builtIn = new Set<AnyKind>()
  readonly #ends: (() => void)[] = []
  readonly #closing = new Set<Promise<void>>()
  #isStopped = false

  constructor(context: RoleContext, options: MembersOptions) {
    this.#context = context
    this.#options = options
  }

  /** Resolves when all profiles are known. */
  async start(): Promise<void> {
    const { informers } = this.#context
    const namespace = { namespace: SYSTEM_NAMESPACE }
    const secrets = informers.for(secretKind, namespace)
    const profiles = informers.for(clusterProfile, namespace)
    await Promise.all([secrets.synced, profiles.synced])
    if (this.#isStopped) return
    this.#ends.push(
      profiles.subscribe({
        changed: profile => this.#take(profile as unknown as ClusterProfile),
        deleted: profile => this.#drop(profile.metadata.name ?? ''),
      }),
      secrets.subscribe({
        changed: secret => this.#takeSecret(secret),
        deleted: secret => this.#takeSecret(secret),
      }),
    )
  }

  list(): readonly MemberState[] {
    return [...this.#known].map(([name, known]) => {
      const { profile, member } = known
      return { name, labels: profile.metadata.labels, state: this.#stateOf(known).state, member }
    })
  }

  follow(kind: AnyKind, isBuiltIn = false): void {
    this.#kinds.add(kind)
    if (isBuiltIn) this.#builtIn.add(kind)
    for (const { member } of this.#known.values()) member?.follow(kind)
  }

  unfollow(kind: AnyKind): void {
    this.#kinds.delete(kind)
    for (const { member } of this.#known.values()) member?.unfollow(kind)
  }

  /** Asks at once how a cluster is: something went wrong with it. */
  suspect(name: string): void {
    const known = this.#known.get(name)
    if (!known) return
    const sinceMs = this.#context.clock.monotonicMs() - known.probedMs
    if (sinceMs >= LEAST_PAUSE_MS) known.probe.abort()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const end of this.#ends) end()
    for (const name of [...this.#known.keys()]) this.#drop(name)
    await Promise.all(this.#closing)
  }

  #take(profile: ClusterProfile): void {
    if (profile.spec?.clusterManager?.name !== MANAGER) return
    const name = profile.metadata.name ?? ''
    const known = this.#known.get(name)
    if (known) known.profile = profile
    else {
      const fresh: Known = {
        profile,
        credentials: '',
        member: undefined,
        probe: new AbortController(),
        probedMs: 0,
        goesOfflineMs: undefined,
        endGrace: () => {},
        told: '',
      }
      this.#known.set(name, fresh)
      this.#keep(this.#monitor(name, fresh))
    }
    this.#tellState(name)
    this.#reconnect(name)
  }

  #takeSecret(secret: Secret): void {
    for (const [name, { profile }] of this.#known)
      if (secretOf(profile)?.name === secret.metadata.name) this.#reconnect(name)
  }

  #drop(name: string): void {
    const known = this.#known.get(name)
    if (!known) return
    this.#known.delete(name)
    known.endGrace()
    known.probe.abort()
    if (known.member) this.#keep(known.member.stop())
    if (!this.#isStopped) this.#options.clustersChanged()
  }

  /** Tells all objects once the state or the labels of a cluster are others, also when that comes by itself. */
  #tellState(name: string): void {
    const known = this.#known.get(name)
    if (!known) return
    const { clock } = this.#context
    const { state, endsInMs } = this.#stateOf(known)
    known.endGrace()
    known.endGrace =
      endsInMs === undefined ? () => {} : clock.after(endsInMs, () => this.#tellState(name))
    const told = JSON.stringify([state, known.profile.metadata.labels])
    if (told === known.told) return
    known.told = told
    this.#options.clustersChanged()
  }

  #stateOf(known: Known): ReturnType<typeof stateOf> {
    const { clock } = this.#context
    const told = stateOf(known.profile, clock.now(), this.#options.graceMs)
    if (told.state === 'Ready') known.goesOfflineMs = undefined
    // Once it is being waited for, only the time that passes counts.
    if (known.goesOfflineMs === undefined) {
      if (told.endsInMs === undefined) return told
      known.goesOfflineMs = clock.monotonicMs() + told.endsInMs
    }
    const leftMs = known.goesOfflineMs - clock.monotonicMs()
    return leftMs > 0 ? { state: 'Unreachable', endsInMs: leftMs } : { state: 'Offline' }
  }

  /** Goes over to the credentials of now, where they are others. */
  #reconnect(name: string): void {
    const known = this.#known.get(name)
    const reference = known && secretOf(known.profile)
    if (!known) return
    const secret =
      reference &&
      this.#context.informers
        .for(secretKind, { namespace: SYSTEM_NAMESPACE })
        .get(`${SYSTEM_NAMESPACE}/${reference.name}`)
    const kubeconfig = reference && (secret?.data as Record<string, unknown>)?.[reference.key]
    const text = textOf(kubeconfig)
    const credentials = text === undefined ? '' : JSON.stringify([text, reference?.context])
    if (credentials === known.credentials) return
    known.credentials = credentials
    const before = known.member
    known.member = undefined
    if (before) this.#keep(before.stop())
    if (text !== undefined) this.#keep(this.#connect(name, known, [text, reference?.context]))
  }

  async #connect(
    name: string,
    known: Known,
    [kubeconfig, context]: readonly [string, string | undefined],
  ): Promise<void> {
    const { clock, random, log } = this.#context
    const { connect, uid, changed, clustersChanged } = this.#options
    const { credentials } = known
    let connection: MemberConnection
    try {
      connection = await connect(kubeconfig, context)
    } catch (error) {
      log.warn('a cluster cannot be reached', { cluster: name, error: messageOf(error) })
      return
    }
    // Meanwhile it may have gone, or others may be its credentials.
    if (this.#known.get(name) !== known || known.credentials !== credentials)
      return connection.close()
    known.member = new Member({
      ...{ name, connection, uid, clock, random, log, changed },
      synced: () => {
        if (this.#known.get(name) === known) clustersChanged()
      },
    })
    for (const kind of this.#kinds) known.member.follow(kind)
    known.probe.abort()
  }

  async #monitor(name: string, known: Known): Promise<void> {
    const { clock, log } = this.#context
    while (this.#known.get(name) === known && !this.#isStopped) {
      known.probe = new AbortController()
      const { signal } = known.probe
      known.probedMs = clock.monotonicMs()
      const { member } = known
      const health: Health = member
        ? await member.probe()
        : { kind: 'unreachable', why: 'there are no credentials for the cluster' }
      // Once it is told to be well, people count on it: what is created then is to be shared with it.
      if (member && health.kind === 'healthy') await member.synced(this.#builtIn, signal)
      // Just connected: what was found is out of date.
      if (known.member !== member) continue
      try {
        if (this.#known.get(name) === known) await this.#report(known, member, health)
      } catch (error) {
        if (!isStatus(error, 'NotFound', 'Conflict'))
          log.warn('the state of a cluster cannot be written', {
            cluster: name,
            error: messageOf(error),
          })
      }
      await sleep(clock, this.#options.monitorPeriodMs, signal).catch(() => {})
    }
  }

  async #report(known: Known, member: Member | undefined, health: Health): Promise<void> {
    const { client, clock } = this.#context
    const { profile } = known
    const { conditions: before = [], version, properties = [] } = profile.status ?? {}
    const conditions = conditionsAfter(before as readonly Condition[], health, clock.now())
    const facts =
      health.kind === 'healthy' ? await member?.facts().catch(() => undefined) : undefined
    const changed = facts && changedFacts(facts, { version, properties }, rfc3339(clock.now()))
    if (!conditions && !changed) return
    const status = { ...(conditions ? { conditions } : {}), ...changed }
    const at = { name: profile.metadata.name ?? '', namespace: SYSTEM_NAMESPACE }
    const written = await client.patch(
      clusterProfile,
      at,
      'merge',
      { metadata: { uid: profile.metadata.uid }, status },
      { subresource: 'status', fieldManager: MANAGER },
    )
    if (known.profile === profile) {
      known.profile = written as unknown as ClusterProfile
      this.#tellState(at.name)
    }
  }

  #keep(work: Promise<void>): void {
    const kept = work.catch(error =>
      this.#context.log.warn('a cluster could not be left in good order', {
        error: messageOf(error),
      }),
    )
    this.#closing.add(kept)
    void kept.finally(() => this.#closing.delete(kept))
  }
}

function changedFacts(
  { version, properties }: Facts,
  before: {
    readonly version: { readonly kubernetes?: string } | undefined
    readonly properties: readonly Property[]
  },
  now: string,
): object | undefined {
  const known = Object.fromEntries(before.properties.map(({ name, value }) => [name, value]))
  const isSame =
    before.version?.kubernetes === version &&
    Object.keys(known).length === Object.keys(properties).length &&
    Object.entries(properties).every(([name, value]) => known[name] === value)
  if (isSame) return undefined
  return {
    ...(version === undefined ? {} : { version: { kubernetes: version } }),
    properties: Object.entries(properties).map(([name, value]) => ({
      name,
      value: value.slice(0, 1024),
      lastObservedTime: now,
    })),
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? Buffer.from(value, 'base64').toString() : undefined
