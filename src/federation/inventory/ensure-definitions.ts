/** Brings the definitions of custom resources to an API server that may have them already. */
import { isConditionTrue } from '#api/apiextensions/v1/conditions.ts'
import {
  type CustomResourceDefinition,
  customResourceDefinition,
} from '#api/apiextensions/v1/custom-resource-definition.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type Clock, sleep } from '#base/clock.ts'
import type { Reader, Writer } from '#client/client.ts'

export interface Definition {
  readonly metadata: {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: object
}

const POLL_MS = 50
const LONGEST_WAIT_MS = 30_000

/** Resolves when objects of all of them can be written. One that is there already is left as it is: it may be newer. */
export async function ensureDefinitions(
  client: Pick<Reader, 'get'> & Pick<Writer, 'create'>,
  definitions: readonly Definition[],
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  for (const definition of definitions)
    await client
      .create(customResourceDefinition, definition as unknown as Partial<CustomResourceDefinition>)
      .catch(error => {
        if (!isStatus(error, 'AlreadyExists')) throw error
      })
  const giveUpMs = clock.monotonicMs() + LONGEST_WAIT_MS
  for (const { metadata } of definitions)
    while (
      !isConditionTrue(await client.get(customResourceDefinition, metadata.name), 'Established')
    ) {
      if (clock.monotonicMs() > giveUpMs)
        throw new Error(`the definition ${metadata.name} is not established`)
      await sleep(clock, POLL_MS, signal)
    }
}
