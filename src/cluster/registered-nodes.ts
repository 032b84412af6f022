/** What people type next asks for nodes: so the first of them have made themselves known before a cluster says that it is ready. */
import { node } from '#api/core/v1/node.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type Clock, sleep } from '#base/clock.ts'
import type { Reader } from '#client/client.ts'

const LOOK_EVERY_MS = 20
/** Whoever has thousands of hollow nodes does not wait for all. */
const MOST_AWAITED = 100

/** Resolves when they are there, ready or not, or after `limitMs`. Rejects with what the API says otherwise. */
export async function untilRegistered(
  client: Pick<Reader, 'get'>,
  names: readonly string[],
  { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
): Promise<void> {
  const untilMs = clock.monotonicMs() + limitMs
  for (const name of names.slice(0, MOST_AWAITED))
    while (!(await isThere(client, name)) && clock.monotonicMs() < untilMs)
      await sleep(clock, LOOK_EVERY_MS)
}

async function isThere(client: Pick<Reader, 'get'>, name: string): Promise<boolean> {
  try {
    await client.get(node, name)
    return true
  } catch (error) {
    if (isStatus(error, 'NotFound')) return false
    throw error
  }
}
