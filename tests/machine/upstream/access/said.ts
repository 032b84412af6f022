/** What both said, told apart. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Said } from './both.ts'

const WAIT_MS = 90_000

/** But for what is of this moment, and of the credential. */
function said({ status, body }: Said): string {
  if (typeof body === 'string') return `${status} ${status === 200 ? '' : body}`
  const { metadata: _, spec: __, kind, items, gitVersion, ...rest } = body
  const shown = items || gitVersion ? '' : JSON.stringify(rest, sorted)
  return `${status} ${kind ?? ''} ${shown}`.replace(
    /current time [^"]*? before the nbf.*?\]/,
    'NBF',
  )
}

/** Rights come in the order of a cache. */
const sorted = (_: string, value: unknown): unknown => {
  if (!Array.isArray(value)) return sortedMembers(value)
  return value.every(each => typeof each === 'object')
    ? value.map(each => JSON.stringify(each, sorted)).sort()
    : value
}
const sortedMembers = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

export function differing(what: string, [upstream, proa]: readonly [Said, Said]): string[] {
  const [one, other] = [said(upstream), said(proa)]
  return one === other ? [] : [`${what}: upstream ${one}, Proa ${other}`]
}

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, 'it did not come about')
    await delay(250)
  }
}

/** Series of metrics whose names match, without what is told of this server and of time. */
export function seriesIn(text: string, name: RegExp): string[] {
  const found = [...text.matchAll(/^([a-z_]+)\{([^}]*)\}/gm)].flatMap(
    ([, metric = '', labels = '']) =>
      name.test(metric)
        ? [
            `${metric} ${labels
              .split(',')
              .filter(each => !/^(apiserver_id_hash|le)=/.test(each))
              .sort()}`,
          ]
        : [],
  )
  return [...new Set(found)].sort()
}
