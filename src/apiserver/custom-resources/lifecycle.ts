/**
 * The life of definitions: their names are accepted, the resource is served and only then called established; in the end its
 * objects are deleted and the definition is let go. One definition after the other, so that no two get the same name.
 */
import { acceptNames, establishedCondition } from '#api/apiextensions/custom/names.ts'
import {
  CLEANUP_FINALIZER,
  type ConditionSource,
  isConditionTrue,
  withCondition,
} from '#api/apiextensions/v1/conditions.ts'
import { wrongBundle } from '#api/apiextensions/v1/conversion.validation.ts'
import type { CustomResourceCondition } from '#api/apiextensions/v1/custom-resource-definition.schema.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Entry } from '#store'
import type { StoredResource } from '../resources/registry.ts'
import type { ServerContext } from '../server-context.ts'
import { StoredObject } from '../storage/stored-object.ts'
import { approvalCondition, structureCondition } from './derived-conditions.ts'
import { CustomServing } from './serving.ts'
import { StatusWriter } from './status-writer.ts'

/** What failed is tried again after so long. */
const RETRY_MS = 1_000

export class Lifecycle {
  readonly #server: ServerContext
  readonly #definitions: StoredResource
  readonly #serving: CustomServing
  readonly #writer: StatusWriter
  readonly #waiting = new Set<string>()
  readonly #cleaning = new Map<string, () => void>()
  #isRunning = false
  #isStopped = false

  constructor(server: ServerContext, definitions: StoredResource) {
    this.#server = server
    this.#definitions = definitions
    this.#serving = new CustomServing(server)
    this.#writer = new StatusWriter(server, definitions)
  }

  /** Makes room for the resources of definitions that are in the store already. */
  async restore(entries: readonly Entry[]): Promise<void> {
    const since = entries.reduce((newest, { modRevision }) => Math.max(newest, modRevision), 0)
    for (const { key, modRevision, value } of entries) {
      if (!key.startsWith(this.#definitions.storage.prefix)) continue
      const { object } = new StoredObject(key, modRevision, value)
      const definition = object as CustomResourceDefinition
      if (!isServable(definition)) continue
      try {
        await this.#serving.restore(definition, since)
      } catch (thrown) {
        this.#warn(definition.metadata.name ?? '', thrown)
      }
    }
  }

  /** Looks at one definition, at once where that is possible without waiting, else soon. */
  changed(name: string): void {
    const definition = this.#definitionOf(name)
    try {
      if (definition && isServable(definition)) this.#serving.refresh(definition)
    } catch (thrown) {
      this.#warn(name, thrown)
    }
    this.#waiting.add(name)
    void this.#run()
  }

  stop(): void {
    this.#isStopped = true
    this.#waiting.clear()
    for (const end of this.#cleaning.values()) end()
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    for (const name of this.#waiting) {
      this.#waiting.delete(name)
      try {
        await this.#lookAt(name)
      } catch (thrown) {
        if (this.#isStopped) break
        this.#warn(name, thrown)
        this.#server.clock.after(RETRY_MS, () => {
          if (!this.#isStopped) this.changed(name)
        })
      }
    }
    this.#isRunning = false
  }

  async #lookAt(name: string): Promise<void> {
    const definition = this.#definitionOf(name)
    if (!definition) {
      this.#serving.drop(name)
      this.#endCleaning(name)
      this.#wakeGroup(name)
      return
    }
    await this.#settleStatus(name, definition)
    const settled = this.#definitionOf(name)
    if (settled && isCleaning(settled)) await this.#cleanUp(name, settled)
  }

  /** Decides names and whether the resource is served; what is decided already is not written again. */
  async #settleStatus(name: string, definition: CustomResourceDefinition): Promise<void> {
    const group = this.#definitions.storage.cache
      .list('')
      .map(({ object }) => object as CustomResourceDefinition)
      .filter(({ spec }) => spec.group === definition.spec.group)
    const { acceptedNames, condition } = acceptNames(definition, group)
    const bundle = definition.spec.conversion?.webhook?.clientConfig?.caBundle
    const established = establishedCondition(
      definition,
      condition,
      bundle ? wrongBundle(bundle) : undefined,
    )
    const now = rfc3339(this.#server.clock.now())
    const structure = structureCondition(definition)
    const found = [condition, established, approvalCondition(definition), structure].filter(
      each => each !== undefined,
    )
    const toldIn = (all: CustomResourceCondition[]) =>
      found.reduce(
        (told, next) => withCondition(told, next, now),
        structure ? all : all.filter(({ type }) => type !== 'NonStructuralSchema'),
      )
    const conditions = toldIn(definition.status.conditions)
    const settled = { ...definition, status: { ...definition.status, acceptedNames, conditions } }
    // Served before it is called established: whoever waits for that may use it at once.
    if (isServable(settled)) await this.#serving.serve(settled)
    else this.#serving.drop(name)
    const before = JSON.stringify([definition.status.acceptedNames, definition.status.conditions])
    if (before === JSON.stringify([acceptedNames, conditions])) return
    await this.#writer.update(name, draft => {
      // What is newer than what was looked at is looked at by itself.
      if (draft.metadata.resourceVersion !== definition.metadata.resourceVersion) return
      draft.status.acceptedNames = acceptedNames
      draft.status.conditions = toldIn(draft.status.conditions)
    })
    this.#wakeGroup(name)
  }

  async #cleanUp(name: string, definition: CustomResourceDefinition): Promise<void> {
    if (this.#serving.overlaps(definition))
      return this.#release(
        name,
        'OverlappingBuiltInResource',
        'instances overlap with built-in resources in storage',
      )
    const resource = this.#serving.storedResource(name)
    if (!resource || !isConditionTrue(definition, 'Established'))
      return this.#release(name, 'NeverEstablished', 'resource was never established')
    const { cache } = resource.storage
    if (cache.size > 0) {
      await this.#writer.update(name, draft =>
        this.#tell(draft, {
          status: 'True',
          reason: 'InstanceDeletionInProgress',
          message: 'CustomResource deletion is in progress',
        }),
      )
      await this.#writer.deleteAll(resource)
    }
    if (cache.size > 0) return this.#cleanUpLater(name, resource)
    await this.#release(name, 'InstanceDeletionCompleted', 'removed all instances')
  }

  async #release(name: string, reason: string, message: string): Promise<void> {
    this.#endCleaning(name)
    await this.#writer.release(name, draft =>
      this.#tell(draft, { status: 'False', reason, message }),
    )
  }

  #tell(draft: CustomResourceDefinition, how: Omit<ConditionSource, 'type'>): void {
    const now = rfc3339(this.#server.clock.now())
    const { status } = draft
    status.conditions = withCondition(status.conditions, { type: 'Terminating', ...how }, now)
  }

  /** Finalizers keep some of the objects; the last of them that goes wakes the definition. */
  #cleanUpLater(name: string, { storage: { cache } }: StoredResource): void {
    if (this.#cleaning.has(name)) return
    const wake = () => {
      this.#endCleaning(name)
      if (!this.#isStopped) this.changed(name)
    }
    const end = cache.watchers.add({
      filter: { namespace: '' },
      notify: () => {
        if (cache.size === 0) wake()
      },
      end: wake,
    })
    this.#cleaning.set(name, end)
  }

  #endCleaning(name: string): void {
    this.#cleaning.get(name)?.()
    this.#cleaning.delete(name)
  }

  /** A name that was let go may be what another definition waits for. */
  #wakeGroup(name: string): void {
    const group = name.slice(name.indexOf('.') + 1)
    for (const { object } of this.#definitions.storage.cache.list('')) {
      const { metadata, spec } = object as CustomResourceDefinition
      const isWaiting = !isConditionTrue(object as CustomResourceDefinition, 'NamesAccepted')
      if (spec.group === group && metadata.name !== name && isWaiting)
        this.#waiting.add(metadata.name ?? '')
    }
    void this.#run()
  }

  #definitionOf(name: string): CustomResourceDefinition | undefined {
    return this.#definitions.storage.cache.get('', name)?.object as
      | CustomResourceDefinition
      | undefined
  }

  #warn(name: string, thrown: unknown): void {
    this.#server.log.warn('a custom resource cannot be served', {
      definition: name,
      error: messageOf(thrown),
    })
  }
}

const isServable = (definition: CustomResourceDefinition) =>
  isConditionTrue(definition, 'NamesAccepted') || isConditionTrue(definition, 'Established')

const isCleaning = ({ metadata }: CustomResourceDefinition) =>
  metadata.deletionTimestamp !== undefined &&
  metadata.finalizers?.includes(CLEANUP_FINALIZER) === true
