/**
 * The labels and annotations that tie sandboxes and containers to pods; upstream's names, so its
 * tools understand our nodes.
 */
import type { Pod } from './pod-types.ts'

export const POD_NAME = 'io.kubernetes.pod.name'
export const POD_NAMESPACE = 'io.kubernetes.pod.namespace'
export const POD_UID = 'io.kubernetes.pod.uid'
export const CONTAINER_NAME = 'io.kubernetes.container.name'
export const CONTAINER_HASH = 'io.kubernetes.container.hash'
export const RESTART_COUNT = 'io.kubernetes.container.restartCount'
export const TERMINATION_MESSAGE_PATH = 'io.kubernetes.container.terminationMessagePath'
export const TERMINATION_MESSAGE_POLICY = 'io.kubernetes.container.terminationMessagePolicy'
export const POD_GRACE_PERIOD = 'io.kubernetes.pod.terminationGracePeriod'
export const POD_DELETION_GRACE_PERIOD = 'io.kubernetes.pod.deletionGracePeriod'
export const CONFIG_SEEN = 'kubernetes.io/config.seen'
export const CONFIG_SOURCE = 'kubernetes.io/config.source'

export function podLabels(pod: Pod): Record<string, string> {
  return {
    [POD_NAME]: pod.metadata.name ?? '',
    [POD_NAMESPACE]: pod.metadata.namespace ?? '',
    [POD_UID]: pod.metadata.uid ?? '',
  }
}

/** Directory of one pod's logs: `/var/log/pods/<namespace>_<name>_<uid>`. */
export const podLogDirectory = (root: string, pod: Pod): string =>
  `${root}/${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`

/** The log of one container run, relative to the pod's directory. */
export const containerLogPath = (name: string, attempt: number): string => `${name}/${attempt}.log`

/** Upstream's hash of a string: 32 bits FNV-1a, in hexadecimal. */
export function fnv32a(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) {
    hash ^= byte
    hash = Math.imul(hash, 0x01000193)
  }
  return (hash >>> 0).toString(16)
}

/**
 * Tells whether a running container still is what the pod wants: of a running pod only the image can change.
 * Kept in an annotation, so that a restarted kubelet adopts what it finds.
 */
export function containerHash({ name, image }: { name?: string; image?: string }): string {
  if (name !== hashed.name || image !== hashed.image)
    hashed = { name, image, hash: fnv32a(JSON.stringify({ name, image })) }
  return hashed.hash
}
// Asked for several times a start, and those that start together are mostly alike.
let hashed: { name: string | undefined; image: string | undefined; hash: string } = {
  name: '',
  image: '',
  hash: fnv32a(JSON.stringify({ name: '', image: '' })),
}
