/** What upstream's controller tells of what is attached. */
import type { Node } from '#api/core/v1/node.ts'
import type { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { Counter, FigureBook } from '#base/figures.ts'

export interface AttachFigures {
  /** Volumes that were taken from nodes which had not let go of them; why as upstream words it. */
  readonly forced: Counter
}

export function countAttachments(
  book: FigureBook,
  attachments: () => readonly VolumeAttachment[],
  nodes: () => readonly Node[],
): AttachFigures {
  book.gauge('attachdetach_controller_total_volumes', 'Volumes that are attached or to be.', () => {
    const wanted = attachments().filter(({ metadata }) => !metadata.deletionTimestamp)
    return [
      ['actual_state_of_world', attachments().filter(({ status }) => status?.attached)],
      ['desired_state_of_world', wanted],
    ].flatMap(([state, found]) =>
      [...Map.groupBy(found as readonly VolumeAttachment[], ({ spec }) => spec.attacher)].map(
        ([attacher, { length }]) => ({
          labels: { plugin_name: `kubernetes.io/csi:${attacher}`, state: state as string },
          value: length,
        }),
      ),
    )
  })
  book.gauge('storage_count_attachable_volumes_in_use', 'Volumes that nodes use.', () =>
    nodes().flatMap(({ metadata, status }) =>
      [...Map.groupBy(status.volumesInUse ?? [], volume => volume.split('^')[0] ?? '')].map(
        ([plugin, { length }]) => ({
          labels: { node: metadata.name ?? '', volume_plugin: plugin },
          value: length,
        }),
      ),
    ),
  )
  return {
    forced: book.counter(
      'attach_detach_controller_attachdetach_controller_forced_detaches',
      'Volumes that were taken from nodes which had not let go of them.',
      ['reason'],
    ),
  }
}
