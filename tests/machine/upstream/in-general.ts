/** What of an answer counts where somebody writes over what is there. */
import { readText } from './differences.ts'

/**
 * Upstream judges metadata up to four times, in each kind as often as it came to be, and tells each cause as often; in the message only once. Both show
 * what was changed in a spec below the refusal, upstream as lines of its internal structures. And who wrote in the same second has no order, nor
 * have the mistakes of what is applied: upstream goes through maps of Go.
 */
export function inGeneral(text: string): string {
  const told = readText(text)
  if (told === undefined) return text
  const causes: Cause[] | undefined = told?.details?.causes
  if (causes) {
    const shown = causes.map(cause => ({ ...cause, message: withoutPod(firstLine(cause.message)) }))
    told.details.causes = [...new Set(shown.map(inOneLine))].map(each => JSON.parse(each))
    told.message = withoutPod(firstLine(told.message))
  }
  // Whose fields are in dispute has no order, either.
  if (told?.reason === 'Conflict')
    told.details?.causes?.sort((one: Cause, other: Cause) =>
      inOneLine(one) < inOneLine(other) ? -1 : 1,
    )
  if (MISTAKES.test(told?.message ?? '')) told.message = told.message.split('\n').sort().join('\n')
  const rows: readonly { readonly object?: Owned | null }[] = told?.rows ?? []
  for (const owned of [told, ...(told?.items ?? []), ...rows.map(({ object }) => object)])
    sortOwners(owned)
  return JSON.stringify(told)
}

/** The pods of jobs are shown as upstream has them inside, with other structures than it publishes. */
const withoutPod = (text: string) =>
  text.replace(/\{"(labels|Spec|metadata|spec)":.*\}(?=: field is immutable)/, '{…}')

const MISTAKES = /^failed to create typed patch object .*: errors:\n/

interface Owned {
  readonly metadata?: { readonly managedFields?: Owner[] }
}

const sortOwners = (owned: Owned | null | undefined) =>
  owned?.metadata?.managedFields?.sort((one, other) => (rankOf(one) < rankOf(other) ? -1 : 1))

interface Cause {
  readonly message: string
}
const firstLine = (message = '') => message.split('\n', 1)[0] ?? ''
type Owner = Readonly<Record<string, string>>
const rankOf = ({ operation, manager, subresource, apiVersion }: Owner) =>
  `${operation} ${manager} ${subresource} ${apiVersion}`
const inOneLine = (value: object) => JSON.stringify(value)
