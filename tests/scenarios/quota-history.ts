/**
 * What clients were told while they raced for a quota, and what may be wrong with it. Only what is sure counts: an object is there
 * from the answer to its create until its delete is sent; a refusal was right where the quota may have been full between question and answer.
 */
import { parseQuantity } from '#api/machinery/quantity.ts'

/** In thousandths, by the name of a resource. */
export type Amounts = Readonly<Record<string, number>>

export interface Answer {
  readonly verb: 'create' | 'delete'
  /** `pods/a`. */
  readonly object: string
  /** What the object counts for. */
  readonly asks: Amounts
  /** Milliseconds on one clock, as those of what was seen. */
  readonly sentMs: number
  readonly answeredMs: number
  /** The status of HTTP. */
  readonly code: number
  readonly message: string
}

/** One event of a watch on the quota. */
export interface SeenUsage {
  readonly atMs: number
  readonly used: Amounts
}

export interface QuotaHistory {
  readonly quota: string
  readonly hard: Amounts
  readonly answers: readonly Answer[]
  /** In the order in which they came; the first from before the race. */
  readonly seen: readonly SeenUsage[]
}

export const amountsOf = (written: Readonly<Record<string, string>> = {}): Amounts =>
  Object.fromEntries(
    Object.entries(written).map(([name, text]) => [
      name,
      Number(parseQuantity(text).nanos / 1_000_000n),
    ]),
  )

const isAccepted = ({ code }: Answer): boolean => code >= 200 && code < 300

/** One sentence for each thing that cannot have been right. */
export function complaintsAbout(history: QuotaHistory): string[] {
  const refusals = history.answers.filter(each => each.verb === 'create' && !isAccepted(each))
  return [
    ...tooMany(history),
    ...history.seen.flatMap(({ used, atMs }) => beyond(history, used, `seen at ${atMs}`)),
    ...refusals.flatMap(refusal => wrongRefusal(history, refusal)),
    ...history.answers
      .filter(each => each.verb === 'delete' && !isAccepted(each))
      .map(({ object, message }) => `${object} could not be deleted: ${message}`),
  ]
}

/** The sum of what is surely there, after each answer. */
function tooMany(history: QuotaHistory): string[] {
  const steps = history.answers.filter(isAccepted).map(({ verb, ...answer }) => {
    const isThere = verb === 'create'
    return { ...answer, sign: isThere ? 1 : -1, atMs: isThere ? answer.answeredMs : answer.sentMs }
  })
  const there: Record<string, number> = {}
  const complaints: string[] = []
  for (const { asks, sign, object, atMs } of steps.sort(
    (a, b) => a.atMs - b.atMs || a.sign - b.sign,
  )) {
    for (const [name, amount] of Object.entries(asks))
      there[name] = (there[name] ?? 0) + sign * amount
    if (sign > 0) complaints.push(...beyond(history, there, `with ${object} at ${atMs}`))
  }
  return complaints
}

const beyond = ({ hard }: QuotaHistory, used: Amounts, when: string): string[] =>
  Object.entries(hard)
    .filter(([name, limit]) => (used[name] ?? 0) > limit)
    .map(([name, limit]) => `${when}: ${name} is ${used[name]} of ${limit}`)

const REFUSAL = /exceeded quota: (\S+), requested: (\S+), used: (\S+), limited: (\S+)$/

const listIn = (text = ''): Amounts =>
  amountsOf(Object.fromEntries(text.split(',').map(pair => pair.split('=') as [string, string])))

function wrongRefusal(history: QuotaHistory, refusal: Answer): string[] {
  const { object, asks, code, message } = refusal
  const found = REFUSAL.exec(message.trim())
  if (code !== 403 || found?.[1] !== history.quota) return [`${object}: ${code} ${message}`]
  const [requested, used, limited] = found.slice(2).map(listIn)
  const most = mostInUse(history, refusal)
  return Object.entries(requested ?? {}).flatMap(([name, amount]) => {
    const [said = 0, limit = 0] = [used?.[name], limited?.[name]]
    if (amount !== asks[name] || limit !== history.hard[name])
      return [`${object} was refused for what it is not: ${message}`]
    if (said + amount <= limit || said > (most[name] ?? 0))
      return [`${object} was refused though there was room, ${most[name]} in use: ${message}`]
    return []
  })
}

/**
 * What may have been in use while this was judged: a state of the quota in that time, or what was surely there when it was asked for, as
 * events may come late; and what others asked for beside it.
 */
function mostInUse({ seen, answers }: QuotaHistory, { sentMs, answeredMs }: Answer): Amounts {
  const first = seen.findLastIndex(({ atMs }) => atMs <= sentMs)
  const after = seen.findIndex(({ atMs }) => atMs > answeredMs)
  const states = seen.slice(Math.max(first, 0), after === -1 ? undefined : after + 1)
  const most: Record<string, number> = {}
  for (const used of [...states.map(state => state.used), surelyThere(answers, sentMs)])
    for (const [name, amount] of Object.entries(used))
      most[name] = Math.max(most[name] ?? 0, amount)
  for (const other of answers) {
    const isBeside = other.sentMs <= answeredMs && other.answeredMs >= sentMs
    if (other.verb === 'create' && isAccepted(other) && isBeside) add(most, other.asks)
  }
  return most
}

function surelyThere(answers: readonly Answer[], atMs: number): Amounts {
  const accepted = answers.filter(isAccepted)
  const going = new Set(
    accepted.filter(each => each.verb === 'delete' && each.sentMs <= atMs).map(each => each.object),
  )
  const there: Record<string, number> = {}
  for (const { verb, object, asks, answeredMs } of accepted)
    if (verb === 'create' && answeredMs <= atMs && !going.has(object)) add(there, asks)
  return there
}

function add(sum: Record<string, number>, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) sum[name] = (sum[name] ?? 0) + amount
}
