/** The order of versions: stable ones before beta before alpha, later numbers first; anything else comes last, by name. */
const KUBERNETES_VERSION = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/

const RANKS: Readonly<Record<string, number>> = { alpha: 1, beta: 2 }

function rankOf(version: string): [number, number, number] | undefined {
  const match = KUBERNETES_VERSION.exec(version)
  if (!match) return undefined
  const [, major, stability, minor] = match
  return [stability ? (RANKS[stability] ?? 0) : 3, Number(major), Number(minor ?? 0)]
}

/** Negative where `one` goes before `other`. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [rankOf(one), rankOf(other)]
  if (!a && !b) return one < other ? -1 : one > other ? 1 : 0
  if (!a || !b) return a ? -1 : 1
  return b[0] - a[0] || b[1] - a[1] || b[2] - a[2]
}
