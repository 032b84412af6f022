/** Many requests, each asked of both servers: how spoiled objects are answered. */
import { unexpected } from './accepted.ts'
import { hungUp } from './hung-up.ts'
import type { Asked, Pair } from './pair.ts'
import { besidesSpoiled } from './spoiled-accepted.ts'

/** Of the ways one in so many is tried. */
export const SHARE = process.env.PROA_SPOILED === 'all' ? 1 : 8
const chosen = new RegExp(process.env.PROA_SPOILED_KINDS ?? '')
const AT_ONCE = 8

export const isChosen = (title: string): boolean => chosen.test(title)

export interface Way {
  readonly title: string
  readonly asked: Asked
  /** Where Proa is asked with values of its own, as of revisions. */
  readonly ofProa?: Asked
}

/** Where the answers differ and have no reason to; `title` is that of the kind. */
export async function differing(
  pair: Pair,
  title: string,
  ways: Iterable<Way>,
  compare = (way: Way) => pair.compare(way.asked, way.ofProa),
): Promise<string[]> {
  const lines: string[] = []
  const left = ways[Symbol.iterator]()
  const worker = async () => {
    for (const way of { [Symbol.iterator]: () => left }) {
      const differ = (await compare(way).catch(hungUp)) ?? (await alone(pair, way))
      const found = besidesSpoiled(`${title} / ${way.title}`, unexpected(differ))
      if (found.length > 0) lines.push(way.title, ...found.map(line => `   ${line.slice(0, 900)}`))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return lines
}

/** Upstream hung up, which its validation does where it meets what it did not expect: Proa is to answer all the same. */
async function alone(pair: Pair, { asked, ofProa = asked }: Way): Promise<string[]> {
  const { status, text } = await pair.askProa(ofProa)
  return status < 500 ? [] : [`upstream hung up, Proa ${status} ${text}`]
}
