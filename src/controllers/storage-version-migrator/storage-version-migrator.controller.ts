/** Writes all objects of a resource anew where a migration asks for it, so that all are stored in the version of today. */
import { customResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { isStatus } from '#api/machinery/status.ts'
import {
  type StorageVersionMigration,
  storageVersionMigration,
} from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import { type Controller, type ControllerContext, nothingToDo } from '../runner/controller.ts'
import { wakeSelf } from '../runner/wake.ts'
import { rewriteObjects } from './rewrite.ts'
import { reconcile } from './storage-version-migrator.reconcile.ts'

export function storageVersionMigratorController(context: ControllerContext): Controller {
  const { client, clock } = context
  const migrations = context.informers.for(storageVersionMigration)

  const kindOf = ({ spec }: StorageVersionMigration): AnyKind | undefined => {
    const { group, resource } = spec.resource
    return context.kinds().find(kind => kind.group === group && kind.plural === resource)
  }
  const definitionOf = async ({ spec }: StorageVersionMigration) => {
    const { group, resource } = spec.resource
    try {
      return await client.get(customResourceDefinition, `${resource}.${group}`)
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }

  return {
    name: 'storage-version-migrator-controller',
    workers: 5,
    views: [{ kind: storageVersionMigration, informer: migrations }],
    wake(queue) {
      wakeSelf(queue, migrations)
      // The end of one lets the next one of the same resource begin.
      const wakeAll = () => {
        for (const { metadata } of migrations.list()) queue.add(metadata.name ?? '')
      }
      queue.onStop(migrations.subscribe({ changed: wakeAll, deleted: wakeAll }))
    },
    reconcile(key) {
      const migration = migrations.get(key)
      if (!migration) return nothingToDo
      return reconcile({
        migration,
        others: migrations.list(),
        kind: kindOf(migration),
        definition: () => definitionOf(migration),
        latestRevision: async kind =>
          (await client.list(kind, { limit: 1 })).metadata.resourceVersion,
        rewrite: (kind, revision) => rewriteObjects(client, kind, revision),
        nowMs: clock.now(),
      })
    },
  }
}
