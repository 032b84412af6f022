/**
 * Where the kubelet of this machine keeps what is its own. Programs of others look for it in /var/lib/kubelet: plugins of devices register there,
 * drivers mount volumes there. By default it is below the data directory, where several Proas have room beside each other. A note tells `proa reset`.
 */
import { join, resolve } from 'node:path'
import { UserError } from '#base/errors.ts'
import { PRIVATE_DIRECTORY, PRIVATE_FILE, systemFiles } from '#host/files.ts'
import { removeEmptyDirectory } from '#host/remove.ts'
import type { Layout } from './layout.ts'

const NOTE = 'kubelet-root'

/** What the kubelet makes there; whatever else is in it was put there by others. */
const OURS = [
  ...['pods', 'pki', 'plugins_registry', 'device-plugins', 'pod-resources', 'dra_manager_state'],
  ...['cpu_manager_state', 'memory_manager_state', 'checkpoints', 'plugins/kubernetes.io'],
  ...['lock', 'lock-journal', 'pid'],
]

/** The layout with the directory that is wished. Throws a UserError where the node's pods have theirs in another. */
export function withKubeletRoot(layout: Layout, wished: string | undefined): Layout {
  const note = join(layout.directory, NOTE)
  const noted = systemFiles.read(note)?.toString().trim()
  const root = wished === undefined ? layout.kubelet : resolve(wished)
  if (noted !== undefined && noted !== root)
    throw new UserError(
      `the node of ${layout.directory} keeps its pods in ${noted}: give --root-dir ${noted}, or begin anew after proa reset`,
    )
  if (root === layout.kubelet) return layout
  if (noted === undefined) {
    if (systemFiles.list(join(layout.kubelet, 'pods')).length > 0)
      throw new UserError(
        `the node of ${layout.directory} keeps its pods in ${layout.kubelet}: leave --root-dir away, or begin anew after proa reset`,
      )
    systemFiles.makeDirectory(layout.directory, PRIVATE_DIRECTORY)
    systemFiles.writeAtomically(note, `${root}\n`, PRIVATE_FILE)
  }
  return { ...layout, kubelet: root }
}

/** The layout as the last start had it. */
export function notedLayout(layout: Layout): Layout {
  const noted = systemFiles.read(join(layout.directory, NOTE))?.toString().trim()
  return noted ? { ...layout, kubelet: noted } : layout
}

/** Removes what is ours in a directory that is not below the data directory, and the note of it. */
export function removeKubeletRoot(layout: Layout): void {
  const note = join(layout.directory, NOTE)
  if (!systemFiles.exists(note)) return
  for (const name of OURS) systemFiles.remove(join(layout.kubelet, name))
  for (const directory of [join(layout.kubelet, 'plugins'), layout.kubelet])
    if (systemFiles.exists(directory) && systemFiles.list(directory).length === 0)
      removeEmptyDirectory(directory)
  systemFiles.remove(note)
}
