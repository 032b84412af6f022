/**
 * From the rules that the kernel has to the rules that are wanted, as one nft script: nft applies a script whole or not at all,
 * so no packet ever meets half of a change. Sets that packets filled keep what they learned. Pure.
 */
import type { Ruleset, VerdictMap } from './ruleset.ts'

/** Without `previous` the table is made anew, whatever it held. Empty text where nothing differs. */
export function transaction(table: string, previous: Ruleset | undefined, next: Ruleset): string {
  const before: Ruleset = previous ?? { sets: new Map(), maps: new Map(), chains: new Map() }
  const lines = [
    ...newNames(before, next, table),
    ...changedRules(before, next, table),
    ...changedElements(before, next, table),
    ...goneNames(before, next, table),
  ]
  if (previous) return text(lines)
  return text([
    `add table ip ${table}`,
    `delete table ip ${table}`,
    `add table ip ${table}`,
    ...lines,
  ])
}

function text(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/** Sets, chains and maps come first, empty, because rules and elements name them. */
function newNames(before: Ruleset, next: Ruleset, table: string): string[] {
  const lines: string[] = []
  for (const [name, declaration] of next.sets)
    if (!before.sets.has(name)) lines.push(`add set ip ${table} ${name} ${declaration}`)
  for (const [name, map] of next.maps)
    if (!before.maps.has(name)) lines.push(`add map ip ${table} ${name} { type ${map.type}; }`)
  for (const [name, rules] of next.chains)
    if (!before.chains.has(name))
      lines.push(`add chain ip ${table} ${name}${isBase(rules) ? ` { ${rules[0]} }` : ''}`)
  return lines
}

function changedRules(before: Ruleset, next: Ruleset, table: string): string[] {
  const lines: string[] = []
  for (const [name, rules] of next.chains) {
    const old = before.chains.get(name)
    if (old && old.length === rules.length && old.every((rule, index) => rule === rules[index]))
      continue
    if (old) lines.push(`flush chain ip ${table} ${name}`)
    for (const rule of isBase(rules) ? rules.slice(1) : rules)
      lines.push(`add rule ip ${table} ${name} ${rule}`)
  }
  return lines
}

function changedElements(before: Ruleset, next: Ruleset, table: string): string[] {
  const lines: string[] = []
  for (const [name, map] of next.maps) {
    const old: VerdictMap['elements'] = before.maps.get(name)?.elements ?? new Map()
    const gone = [...old].filter(([key, verdict]) => map.elements.get(key) !== verdict)
    const fresh = [...map.elements].filter(([key, verdict]) => old.get(key) !== verdict)
    if (gone.length > 0)
      lines.push(`delete element ip ${table} ${name} { ${gone.map(([key]) => key).join(', ')} }`)
    if (fresh.length > 0)
      lines.push(
        `add element ip ${table} ${name} { ${fresh.map(([key, verdict]) => `${key} : ${verdict}`).join(', ')} }`,
      )
  }
  return lines
}

/** Chains are emptied before any of them goes, since they name one another. */
function goneNames(before: Ruleset, next: Ruleset, table: string): string[] {
  const chains = [...before.chains.keys()].filter(name => !next.chains.has(name))
  const sets = [...before.sets.keys()].filter(name => !next.sets.has(name))
  return [
    ...chains.map(name => `flush chain ip ${table} ${name}`),
    ...chains.map(name => `delete chain ip ${table} ${name}`),
    ...sets.map(name => `delete set ip ${table} ${name}`),
  ]
}

function isBase(rules: readonly string[]): boolean {
  return rules[0]?.startsWith('type ') ?? false
}
