/** Holds two answers against each other: what must differ between two servers is named alike first, the rest must be equal. */

import { parseYaml } from '#api/machinery/yaml.ts'

/** As it is answered: any JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was answered
export type Shown = any

/** What is another in each life of a server: marks stand for it. The order of the list matters. */
const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/g, 'MICROTIME'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME'],
  [/("?(?:resourceVersion|hash|continue)\\*"?: ?\\*")\w*(\\*")/g, '$1VOLATILE$2'],
  [/(current: |in record \()\d+/g, '$1REVISION'],
  // What a patch made is shown with its members in another order: upstream's come as Go has them, or sorted where they were touched.
  [/(Invalid value: \\"\{).*?(\}\\": )/g, '$1…$2'],
  [/(is missing in ')\{.*?\}'/g, "$1…'"],
  [/(UPPER)\w{5}\b/g, '$1XXXXX'],
  [/kube-api-access-\w{5}/g, 'kube-api-access-XXXXX'],
  [/\b10\.(?:9[6-9]|10\d|11[01])\.\d+\.\d+(?=x?\b)/g, '10.X'],
  [/\bfd00:10:96::[\da-f]{1,4}(:[\da-f]{1,4})?\b/g, 'fd00::X'],
  [/(\b(?:nodePort|healthCheckNodePort)"?: ?)3\d{4}\b/g, '$1"PORT"'],
  [/\b(\d+):3\d{4}(\/(?:TCP|UDP))/g, '$1:PORT$2'],
  [/\d+\.\d+\.\d+\.\d+:\d{4,5}/g, 'HOST'],
]

export const steady = (text: string): string =>
  VOLATILE.reduce((so, [pattern, mark]) => so.replace(pattern, mark), text)

/** Each place where they differ, one line each: path, what upstream says, what Proa says. */
export function differences(upstream: string, proa: string): string[] {
  const [wanted, given] = [steady(upstream), steady(proa)]
  if (wanted === given) return []
  const values = [readText(wanted), readText(given)] as const
  if (values[0] === undefined) return [besides(wanted, given)]
  const found: string[] = []
  compare('', ...values, found)
  if (found.length > 0) return found
  // Equal as values, so the bytes differ: in spaces, quotes, escapes or a line's end.
  return [besides(wanted, given)]
}

/** What JSON or YAML says; undefined for other texts. */
export function readText(text: string): Shown {
  if (text.startsWith('{')) return JSON.parse(text)
  return text.startsWith('a') ? parseYaml(new TextEncoder().encode(text)) : undefined
}

function compare(path: string, wanted: Shown, given: Shown, found: string[]): void {
  if (wanted === given) return
  if (Array.isArray(wanted) && Array.isArray(given) && wanted.length === given.length) {
    for (const [index, value] of wanted.entries())
      compare(`${path}[${index}]`, value, given[index], found)
    return
  }
  if (!isMap(wanted) || !isMap(given)) {
    found.push(`${path}: upstream ${brief(wanted)}, Proa ${brief(given)}`)
    return
  }
  const names = new Set([...Object.keys(wanted), ...Object.keys(given)])
  for (const name of names) compare(`${path}.${name}`, wanted[name], given[name], found)
  const shared = (one: Shown, other: Shown) => Object.keys(one).filter(name => name in other)
  const [order, own] = [shared(wanted, given).join(), shared(given, wanted).join()]
  if (order !== own) found.push(`${path}: order upstream ${order}, Proa ${own}`)
}

const isMap = (value: Shown) => typeof value === 'object' && value !== null && !Array.isArray(value)

const brief = (value: Shown) =>
  value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 700)

/** Both texts around the first byte that differs. */
function besides(wanted: string, given: string): string {
  let at = 0
  while (wanted[at] === given[at]) at++
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 60), at + 60))
  return `at ${at}: upstream ${around(wanted)}, Proa ${around(given)}`
}
