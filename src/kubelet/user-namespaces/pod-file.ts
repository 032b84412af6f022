/** The file in a pod's directory that keeps its ids over restarts, as upstream's kubelet writes it. Pure. */
import type { IdRange } from '../runtime.ts'

export const FILE_NAME = 'userns'
export const FILE_LIMIT_BYTES = 64 * 1024

interface Mapping {
  readonly hostId: number
  readonly containerId: number
  readonly length: number
}

export function encodeFile({ hostId, length }: IdRange): Uint8Array {
  const mappings: readonly Mapping[] = [{ hostId, containerId: 0, length }]
  return Buffer.from(JSON.stringify({ uidMappings: mappings, gidMappings: mappings }))
}

/** Throws where it is not such a file. */
export function decodeFile(bytes: Uint8Array): IdRange {
  const { uidMappings, gidMappings } = JSON.parse(Buffer.from(bytes).toString()) ?? {}
  const users = oneOf('user', uidMappings)
  const groups = oneOf('group', gidMappings)
  if (users.hostId !== groups.hostId || users.length !== groups.length)
    throw new Error('user and group mappings differ')
  return { hostId: users.hostId, length: users.length }
}

function oneOf(what: string, mappings: readonly Partial<Mapping>[] | undefined): Mapping {
  const [mapping] = Array.isArray(mappings) ? mappings : []
  const { hostId = 0, containerId, length = 0 } = mapping ?? {}
  const isWhole = Number.isSafeInteger(hostId) && Number.isSafeInteger(length)
  if (!isWhole || mappings?.length !== 1 || containerId !== 0 || hostId <= 0 || length <= 0)
    throw new Error(
      `there should be one ${what} mapping, of its 0 to ids of the node that are not root's`,
    )
  return { hostId, containerId, length }
}
