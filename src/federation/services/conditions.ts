/** What exports and imports are told of themselves. The time of a condition moves on only when its status changes. */
import type { Condition } from '#api/machinery/metadata.ts'
import { rfc3339 } from '#base/clock.ts'
import { canonical } from './canonical.ts'
import type { Conflict } from './merge.ts'

export type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

const said = (
  type: string,
  status: Condition['status'],
  reason: string,
  message: string,
): Said => ({
  type,
  status,
  reason: reason.slice(0, MAXIMUM_REASON),
  message: message.slice(0, MAXIMUM_MESSAGE),
})

/** Of a condition, as its schema has it. */
const MAXIMUM_REASON = 1024
const MAXIMUM_MESSAGE = 32_768

export const exportIsValid = said('Valid', 'True', 'Valid', 'the Service can be exported')
export const noService = (name: string) =>
  said('Valid', 'False', 'NoService', `there is no Service ${JSON.stringify(name)}`)
export const wrongType = said(
  'Valid',
  'False',
  'InvalidServiceType',
  'a Service of type ExternalName has nothing to export',
)

export const exported = said('Ready', 'True', 'Exported', 'the Service is exported')
export const notExported = said('Ready', 'False', 'Failed', 'the Service cannot be exported')
export const notEverywhere = (failures: readonly string[]) =>
  said('Ready', 'False', 'Failed', failures.join('; '))

export const conflict = (conflicts: readonly Conflict[]): Said =>
  conflicts.length === 0
    ? said('Conflict', 'False', 'NoConflicts', 'all exports of the Service agree')
    : said(
        'Conflict',
        'True',
        conflicts.map(({ reason }) => reason).join(','),
        conflicts.map(({ message }) => message).join('; '),
      )

export const imported = said('Ready', 'True', 'Ready', 'the Service can be reached')
export const pending = said('Ready', 'False', 'Pending', 'the Service has no address yet')
export const wrongFamily = (message: string) =>
  said('Ready', 'False', 'IPFamilyNotSupported', message)

/** All conditions with those of now in their places, or undefined where nothing changed. */
export function conditionsWith(
  before: readonly Condition[] = [],
  now: readonly Said[],
  generation: number | undefined,
  nowMs: number,
): readonly Condition[] | undefined {
  const next = now.map(each => {
    const known = before.find(({ type }) => type === each.type)
    const lastTransitionTime =
      known?.status === each.status ? known.lastTransitionTime : rfc3339(nowMs)
    const observed = generation === undefined ? {} : { observedGeneration: generation }
    return { ...each, lastTransitionTime, ...observed } as Condition
  })
  const types = new Set(now.map(({ type }) => type))
  const all = [...before.filter(({ type }) => !types.has(type)), ...next]
  const isSame =
    all.length === before.length &&
    all.every(each =>
      before.some(known => known.type === each.type && canonical(known) === canonical(each)),
    )
  return isSame ? undefined : all
}
