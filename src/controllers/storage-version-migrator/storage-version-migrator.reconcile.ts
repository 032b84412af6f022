/**
 * The life of a migration: of those of one resource the oldest runs; it notes a revision, all that was written up to it is written anew, and
 * then it has succeeded or failed for good. Of a custom resource, the definition forgets the versions in which nothing is stored any more.
 */
import {
  type CustomResourceDefinition,
  customResourceDefinition,
} from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { isStatus } from '#api/machinery/status.ts'
import {
  type StorageVersionMigration,
  storageVersionMigration,
} from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { nothingToDo, type Outcome, type Write } from '../runner/controller.ts'

/** A resource may have been defined a moment ago. */
const PATIENCE_MS = 60_000
const REQUIRED_VERBS = ['update', 'patch', 'list'] as const
const FAILED_REASON = 'StorageVersionMigrationFailed'
/** Errors that may be over in a while. */
const PASSING = [
  'ServerTimeout',
  'TooManyRequests',
  'ServiceUnavailable',
  'InternalError',
  'Timeout',
] as const

export interface MigrationWorld {
  readonly migration: StorageVersionMigration
  /** All that there are. */
  readonly others: readonly StorageVersionMigration[]
  /** Of the resource, where it is served. */
  readonly kind: AnyKind | undefined
  /** Of a custom resource. */
  readonly definition: () => Promise<CustomResourceDefinition | undefined>
  readonly latestRevision: (kind: AnyKind) => Promise<string>
  readonly rewrite: (kind: AnyKind, revision: string) => Promise<void>
  readonly nowMs: number
}

export async function reconcile(world: MigrationWorld): Promise<Outcome> {
  const { migration } = world
  const isRunning = has(migration, 'Running')
  if (has(migration, 'Succeeded') || has(migration, 'Failed'))
    return isRunning ? finish(world) : nothingToDo
  if (!isRunning) return isNext(world) ? begin(world) : nothingToDo
  return migration.status.resourceVersion ? migrate(world) : noteRevision(world)
}

export function has({ status }: StorageVersionMigration, type: string): boolean {
  return (status.conditions ?? []).some(each => each.type === type && each.status === 'True')
}

/** Whether nothing of the resource runs, and nothing older waits. */
function isNext({ migration, others }: MigrationWorld): boolean {
  const { group, resource } = migration.spec.resource
  const same = others.filter(
    ({ spec }) => spec.resource.group === group && spec.resource.resource === resource,
  )
  const isOver = (each: StorageVersionMigration) => has(each, 'Succeeded') || has(each, 'Failed')
  const open = same.filter(each => !isOver(each))
  const order = ({ metadata }: StorageVersionMigration) =>
    `${metadata.creationTimestamp} ${metadata.name}`
  return open.every(each => !has(each, 'Running') && order(each) >= order(migration))
}

async function begin(world: MigrationWorld): Promise<Outcome> {
  const { migration, nowMs } = world
  const definition = await world.definition()
  const told = definition
    ? [
        tell(definition, nowMs, {
          status: 'True',
          reason: 'MigrationRunning',
          message: `Migration ${migration.metadata.name} is running`,
        }),
      ]
    : []
  const running = { type: 'Running', status: 'True', reason: 'MigrationRunning' }
  const condition = { ...running, message: 'The migration is running' }
  return { writes: [...told, withCondition(world, condition)] }
}

async function noteRevision(world: MigrationWorld): Promise<Outcome> {
  const { migration, kind, nowMs } = world
  if (!kind) {
    const created = Date.parse(migration.metadata.creationTimestamp ?? '')
    if (created + PATIENCE_MS > nowMs) return { writes: [], againWithBackoff: true }
    return fail(world, 'resource does not exist in discovery')
  }
  if (!REQUIRED_VERBS.every(verb => kind.verbs.includes(verb))) {
    const name = `${kind.group}/${kind.version}, Resource=${kind.plural}`
    const verbs = REQUIRED_VERBS.join(' ')
    return fail(world, `resource "${name}" does not support discovery operations: [${verbs}]`)
  }
  const resourceVersion = await world.latestRevision(kind)
  return { writes: [writeStatus(migration, { resourceVersion })] }
}

async function migrate(world: MigrationWorld): Promise<Outcome> {
  const { migration, kind } = world
  const failed = (why: string) => fail(world, `migration encountered unhandled error: ${why}`)
  if (!kind) return failed('unable to obtain GVR from discovery')
  try {
    await world.rewrite(kind, migration.status.resourceVersion ?? '')
  } catch (error) {
    // What is no answer of a server is a broken connection, which passes as well.
    if (!isStatus(error) || PASSING.some(reason => isStatus(error, reason))) throw error
    return failed(messageOf(error))
  }
  const succeeded = { type: 'Succeeded', status: 'True', message: '' }
  const condition = { ...succeeded, reason: 'StorageVersionMigrationSucceeded' }
  return { writes: [withCondition(world, condition)] }
}

function fail(world: MigrationWorld, message: string): Outcome {
  const condition = { type: 'Failed', status: 'True', reason: FAILED_REASON, message }
  return { writes: [withCondition(world, condition)] }
}

async function finish(world: MigrationWorld): Promise<Outcome> {
  const { migration, nowMs } = world
  const definition = await world.definition()
  const told = definition ? [tellEnd(definition, has(migration, 'Succeeded'), nowMs)] : []
  const condition = {
    type: 'Running',
    status: 'False',
    reason: 'MigrationCompleted',
    message: 'Migration completed',
  }
  return { writes: [...told, withCondition(world, condition)] }
}

/**
 * Versions are struck off only where the definition has not changed since the migration began, and, unlike upstream, only where the
 * migration succeeded: of others nobody knows what is stored.
 */
function tellEnd(definition: CustomResourceDefinition, succeeded: boolean, nowMs: number): Write {
  const { metadata, spec, status } = definition
  const begun = status.conditions?.find(({ type }) => type === 'StorageMigrating')
  const isSame = begun?.observedGeneration === metadata.generation
  const stored = spec.versions.find(({ storage }) => storage)?.name
  const outcome = isSame
    ? ' and the stored versions have been updated'
    : ' but the stored versions have not been updated due to a generation mismatch'
  const condition = succeeded
    ? { reason: 'MigrationSucceeded', message: `The migration has succeeded${outcome}` }
    : { reason: 'MigrationFailed', message: 'The migration has failed' }
  const more = succeeded && isSame && stored ? { storedVersions: [stored] } : {}
  return tell(definition, nowMs, { status: 'False', ...condition }, more)
}

interface Told {
  readonly status: string
  readonly reason: string
  readonly message: string
}

/** Writes the condition of a definition, and what else of its status. */
function tell(
  definition: CustomResourceDefinition,
  nowMs: number,
  told: Told,
  more: object = {},
): Write {
  const { metadata, status } = definition
  const condition = {
    type: 'StorageMigrating',
    ...told,
    lastTransitionTime: rfc3339(nowMs),
    observedGeneration: metadata.generation,
  }
  const others = (status.conditions ?? []).filter(({ type }) => type !== condition.type)
  const conditions = [...others, condition]
  return {
    verb: 'patch',
    kind: customResourceDefinition,
    object: definition,
    type: 'merge',
    patch: {
      metadata: { resourceVersion: metadata.resourceVersion },
      status: { conditions, ...more },
    },
    subresource: 'status',
  }
}

function withCondition(
  { migration, nowMs }: MigrationWorld,
  told: Told & { readonly type: string },
): Write {
  const before = migration.status.conditions ?? []
  const condition = { ...told, lastTransitionTime: rfc3339(nowMs) }
  const isThere = before.some(({ type }) => type === told.type)
  const conditions = isThere
    ? before.map(each => (each.type === told.type ? condition : each))
    : [...before, condition]
  return writeStatus(migration, { conditions })
}

function writeStatus(migration: StorageVersionMigration, change: object): Write {
  const object = { ...migration, status: { ...migration.status, ...change } }
  return { verb: 'update', kind: storageVersionMigration, object, subresource: 'status' }
}
