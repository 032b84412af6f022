/** The machine as its flags divide it among pods. */
import { addQuantities, formatQuantity } from '#api/machinery/quantity.ts'
import type { Log } from '#base/log.ts'
import { type Division, divideMachine, type HostAccess, type Thresholds } from '#kubelet'
import type { NodeRegistration } from './options.ts'

export interface DividedMachineParts {
  readonly hostAccess: HostAccess
  /** The kubelet's own, in which it is kept who has what. */
  readonly directory: string
  readonly evictionHard: Thresholds
  readonly log: Log
}

/** Undefined where nobody asked for it. Throws a UserError where flags, machine and what is kept don't fit. */
export async function dividedMachine(
  { divided, reserved = {} }: NodeRegistration,
  { hostAccess, directory, evictionHard, log }: DividedMachineParts,
): Promise<Division | undefined> {
  const topology = await hostAccess.topology?.()
  if (!divided || !topology) return undefined
  const kept = evictionHard['memory.available']
  // A part of the machine's memory is no amount that flags could name.
  const memory = [reserved.memory, kept?.endsWith('%') ? undefined : kept].filter(
    each => each !== undefined,
  )
  return divideMachine(divided, {
    topology,
    files: hostAccess.files,
    directory,
    reserved: {
      ...reserved,
      memory: memory.reduce((sum, each) => formatQuantity(addQuantities(sum, each)), '0'),
    },
    log,
  })
}
