/**
 * From the rules that the kernel has to the rules that are wanted, as one nft script: nft applies a script whole or not at all,
 * so no packet ever meets half of a change. Sets that packets filled keep what they learned. Pure.
 */
import { type FilledSet, NO_RULES, type Ruleset, type Table, type VerdictMap } from './ruleset.ts'

/** Without `previous` the table is made anew, whatever it held; where nothing is wanted there is none. Empty text where nothing differs. */
export function transaction(table: Table, previous: Ruleset | undefined, next: Ruleset): string {
  const name = `${table.family} ${table.name}`
  const gone = [`add table ${name}`, `delete table ${name}`]
  if (isEmpty(next)) return previous && isEmpty(previous) ? '' : text(gone)
  const before = previous ?? NO_RULES
  const lines = [
    ...newNames(before, next, name),
    ...changedRules(before, next, name),
    ...changedElements(before, next, name),
    ...goneNames(before, next, name),
  ]
  if (previous && !isEmpty(previous)) return text(lines)
  return text([...(previous ? [] : gone), `add table ${name}`, ...lines])
}

function text(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function isEmpty({ sets, filled, maps, chains }: Ruleset): boolean {
  return sets.size + (filled?.size ?? 0) + maps.size + chains.size === 0
}

/** Sets, chains and maps come first, empty, because rules and elements name them. */
function newNames(before: Ruleset, next: Ruleset, table: string): string[] {
  const lines: string[] = []
  for (const [name, declaration] of next.sets)
    if (!before.sets.has(name)) lines.push(`add set ${table} ${name} ${declaration}`)
  for (const [name, { type, isInterval }] of next.filled ?? [])
    if (!before.filled?.has(name))
      lines.push(
        `add set ${table} ${name} { type ${type};${isInterval ? ' flags interval;' : ''} }`,
      )
  for (const [name, map] of next.maps)
    if (!before.maps.has(name)) lines.push(`add map ${table} ${name} { type ${map.type}; }`)
  for (const [name, rules] of next.chains)
    if (!before.chains.has(name))
      lines.push(`add chain ${table} ${name}${isBase(rules) ? ` { ${rules[0]} }` : ''}`)
  return lines
}

function changedRules(before: Ruleset, next: Ruleset, table: string): string[] {
  const lines: string[] = []
  for (const [name, rules] of next.chains) {
    const old = before.chains.get(name)
    if (old && (old === rules || areEqual(old, rules))) continue
    if (old) lines.push(`flush chain ${table} ${name}`)
    for (const rule of isBase(rules) ? rules.slice(1) : rules)
      lines.push(`add rule ${table} ${name} ${rule}`)
  }
  return lines
}

const areEqual = (one: readonly string[], other: readonly string[]) =>
  one.length === other.length && one.every((rule, index) => rule === other[index])

/** Addresses, ports, names, and a verdict. Most of it comes from objects that users write, and anything else could be commands of its own. */
const ELEMENT = /^[\w./: -]+$/

function changedElements(before: Ruleset, next: Ruleset, table: string): string[] {
  const lines: string[] = []
  const change = (verb: 'add' | 'delete', name: string, elements: readonly string[]) => {
    for (const element of elements)
      if (!ELEMENT.test(element))
        throw new Error(`${JSON.stringify(element)} is no element of the set ${name}`)
    if (elements.length > 0)
      lines.push(`${verb} element ${table} ${name} { ${elements.join(', ')} }`)
  }
  for (const [name, map] of next.maps) {
    const old: VerdictMap['elements'] = before.maps.get(name)?.elements ?? new Map()
    if (old === map.elements) continue
    const gone = [...old].filter(([key, verdict]) => map.elements.get(key) !== verdict)
    const fresh = [...map.elements].filter(([key, verdict]) => old.get(key) !== verdict)
    change(
      'delete',
      name,
      gone.map(([key]) => key),
    )
    change(
      'add',
      name,
      fresh.map(([key, verdict]) => `${key} : ${verdict}`),
    )
  }
  for (const [name, { elements }] of next.filled ?? []) {
    const old: FilledSet['elements'] = before.filled?.get(name)?.elements ?? new Set()
    if (old === elements) continue
    change(
      'delete',
      name,
      [...old].filter(element => !elements.has(element)),
    )
    change(
      'add',
      name,
      [...elements].filter(element => !old.has(element)),
    )
  }
  return lines
}

/** Chains are emptied before any of them goes, since they name one another, and sets. */
function goneNames(before: Ruleset, next: Ruleset, table: string): string[] {
  const chains = [...before.chains.keys()].filter(name => !next.chains.has(name))
  const sets = [
    ...[...before.sets.keys()].filter(name => !next.sets.has(name)),
    ...[...(before.filled?.keys() ?? [])].filter(name => !next.filled?.has(name)),
  ]
  return [
    ...chains.map(name => `flush chain ${table} ${name}`),
    ...chains.map(name => `delete chain ${table} ${name}`),
    ...sets.map(name => `delete set ${table} ${name}`),
  ]
}

function isBase(rules: readonly string[]): boolean {
  return rules[0]?.startsWith('type ') ?? false
}
