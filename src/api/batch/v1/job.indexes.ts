/** Sets of indexes as text, such as `1,3-5,7`: rising, without overlap, all below the number of completions. */

export interface Interval {
  readonly first: number
  readonly last: number
}

/** How many indexes there are. Throws an Error that says what is wrong with the text. */
export function countIndexes(text: string, completions: number): number {
  if (text === '') return 0
  let total = 0
  let previous: number | undefined
  for (const part of text.split(',')) {
    const { first, last } = parseInterval(part, completions)
    if (previous !== undefined && previous >= first) throw notIncreasing(previous, first)
    total += last - first + 1
    previous = last
  }
  return total
}

/** What both sets contain, at least in part: the first index of the overlap; parts that cannot be read are passed over. */
export function firstOverlap(one: string, other: string, completions: number): number | undefined {
  const left = readableIntervals(one, completions)
  const right = readableIntervals(other, completions)
  for (let [at, against] = [0, 0]; at < left.length && against < right.length; ) {
    const [a, b] = [left[at], right[against]]
    if (!a || !b) return undefined
    if (a.first <= b.last && b.first <= a.last) return Math.max(a.first, b.first)
    if (a.first <= b.first) at++
    else against++
  }
  return undefined
}

function readableIntervals(text: string, completions: number): Interval[] {
  if (text === '') return []
  return text.split(',').flatMap(part => {
    try {
      return [parseInterval(part, completions)]
    } catch {
      return []
    }
  })
}

function parseInterval(text: string, completions: number): Interval {
  const [low = '', high, ...more] = text.split('-')
  if (more.length > 0)
    throw new Error(
      `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`,
    )
  const first = indexOf(low, completions)
  if (high === undefined) return { first, last: first }
  const last = indexOf(high, completions)
  if (first >= last) throw notIncreasing(first, last)
  return { first, last }
}

function indexOf(text: string, completions: number): number {
  const index = /^\+?\d{1,18}$/.test(text) ? Number(text) : undefined
  if (index === undefined)
    throw new Error(`cannot convert string to integer for index: ${JSON.stringify(text)}`)
  if (index >= completions) throw new Error(`too large index: ${JSON.stringify(text)}`)
  return index
}

const notIncreasing = (previous: number, current: number) =>
  new Error(`non-increasing order, previous: ${previous}, current: ${current}`)
