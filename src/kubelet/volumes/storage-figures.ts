/** What mounting and unmounting took, under the names that dashboards of Kubernetes read. */
import type { Clock } from '#base/clock.ts'
import type { FigureBook, Histogram, Sample } from '#base/figures.ts'

/** Upstream's for all that volumes need, in seconds. */
const BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600]

export type StorageOperation =
  | 'verify_controller_attached_volume'
  | 'volume_mount'
  | 'volume_unmount'
  | 'unmount_device'
  | 'map_volume'
  | 'unmap_volume'
  | 'unmap_device'
  | 'volume_fs_resize'

export interface StorageOperations {
  /** How long it took, and whether it failed; `plugin` is named as upstream does: `kubernetes.io/empty-dir`. */
  measure<T>(operation: StorageOperation, plugin: string, work: () => Promise<T>): Promise<T>
}

export const csiPlugin = (driver: string): string => `kubernetes.io/csi:${driver}`

export function storageOperations(figures: FigureBook, clock: Clock): StorageOperations {
  const seconds = figures.histogram(
    'storage_operation_duration_seconds',
    'Storage operation duration',
    BOUNDS,
    ['volume_plugin', 'operation_name', 'status', 'migrated'],
  )
  return {
    async measure(operation, plugin, work) {
      const startMs = clock.monotonicMs()
      let status = 'fail-unknown'
      try {
        const result = await work()
        status = 'success'
        return result
      } finally {
        const labels = [plugin, operation, status, 'false']
        seconds.observe(labels, (clock.monotonicMs() - startMs) / 1000)
      }
    },
  }
}

export function csiOperations(figures: FigureBook): Histogram {
  return figures.histogram(
    'csi_operations_seconds',
    'Container Storage Interface operation duration with gRPC error code status total',
    BOUNDS,
    ['driver_name', 'method_name', 'grpc_status_code', 'migrated'],
  )
}

/** By plugin, how many volumes are wanted here and how many there are. */
export type VolumeCounts = ReadonlyMap<string, { readonly wanted: number; readonly actual: number }>

export function tellVolumeCounts(figures: FigureBook, counts: () => VolumeCounts): void {
  figures.gauge('volume_manager_total_volumes', 'Number of volumes in Volume Manager', () =>
    [...counts()].flatMap(([plugin_name, { wanted, actual }]): Sample[] => [
      { labels: { plugin_name, state: 'actual_state_of_world' }, value: actual },
      { labels: { plugin_name, state: 'desired_state_of_world' }, value: wanted },
    ]),
  )
}
