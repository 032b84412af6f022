/**
 * `/var/lib/kubelet`, which nearly every manifest of a CSI driver or another plugin mounts from its node. The kubelet's directory is below
 * the data directory; this path leads there, and plugins are given paths below it, so that such manifests work as they are.
 */
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { linkDirectory } from '#host/directory-link.ts'

export const USUAL_KUBELET_DIRECTORY = '/var/lib/kubelet'

/** The path by which plugins know the kubelet's directory: the directory itself where another kubelet has the usual one. */
export function driversDirectory(kubeletDirectory: string, log: Log): string {
  if (kubeletDirectory === USUAL_KUBELET_DIRECTORY) return kubeletDirectory
  let why = 'another kubelet has it, or something is in it'
  try {
    if (linkDirectory(USUAL_KUBELET_DIRECTORY, kubeletDirectory)) return USUAL_KUBELET_DIRECTORY
  } catch (error) {
    why = messageOf(error)
  }
  log.info('drivers that mount the usual directory of kubelets do not reach this node', {
    ...{ usual: USUAL_KUBELET_DIRECTORY, directory: kubeletDirectory, why },
  })
  return kubeletDirectory
}
