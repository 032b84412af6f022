import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import { sleep } from '#base/clock.ts'
import type { RoleContext } from '#client/role.ts'

/** As upstream's scheduler: at once, and after some 10, 50 and 250 ms. */
const TRIES = 4
const FIRST_PAUSE_MS = 10
const GROWTH = 5

/**
 * Patches the status of a pod, that one and none that has taken its name. Where the API is in trouble for a moment it tries again a few times, since a pod
 * that is not tried again says for ever what was said last. Rejects as the last try did.
 */
export async function patchPodStatus(
  { client, clock }: Pick<RoleContext, 'client' | 'clock'>,
  { metadata }: Pod,
  status: object,
): Promise<void> {
  const { name = '', namespace = '', uid = '' } = metadata
  const patch = { metadata: { uid }, status }
  for (let left = TRIES, pauseMs = FIRST_PAUSE_MS; ; pauseMs *= GROWTH) {
    try {
      await client.patch(pod, { name, namespace }, 'strategic', patch, { subresource: 'status' })
      return
    } catch (error) {
      if (--left === 0 || !isPassing(error)) throw error
    }
    await sleep(clock, pauseMs)
  }
}

function isPassing(error: unknown): boolean {
  if (isStatus(error, 'InternalError', 'ServiceUnavailable')) return true
  return (error as { code?: unknown }).code === 'ECONNREFUSED'
}
