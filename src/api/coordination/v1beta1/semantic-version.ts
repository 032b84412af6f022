/** Versions as semver.org has them: `1.36.0-beta.1+abc`, compared by all but what stands behind the plus. */

export interface SemanticVersion {
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly preRelease: readonly string[]
}

const NUMBER = '(0|[1-9][0-9]{0,18})'
const VERSION = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
)

export function parseSemanticVersion(text: string): SemanticVersion | undefined {
  const [, major = '', minor = '', patch = '', before] = VERSION.exec(text) ?? []
  if (major === '') return undefined
  const preRelease = before?.split('.') ?? []
  if (preRelease.some(part => part === '' || /^0[0-9]+$/.test(part))) return undefined
  return { numbers: [BigInt(major), BigInt(minor), BigInt(patch)], preRelease }
}

/** Below zero where `a` comes before `b`. */
export function compareSemanticVersions(a: SemanticVersion, b: SemanticVersion): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n
    if (number !== other) return number < other ? -1 : 1
  }
  // What is not released yet comes before the release.
  if (a.preRelease.length === 0 || b.preRelease.length === 0)
    return Math.sign(b.preRelease.length - a.preRelease.length)
  for (const [index, part] of a.preRelease.entries()) {
    const other = b.preRelease[index]
    if (other === undefined) return 1
    const order = compareParts(part, other)
    if (order !== 0) return order
  }
  return Math.sign(a.preRelease.length - b.preRelease.length)
}

/** Numbers come before words. */
function compareParts(a: string, b: string): number {
  if (a === b) return 0
  const [isNumber, otherIsNumber] = [/^[0-9]+$/.test(a), /^[0-9]+$/.test(b)]
  if (isNumber !== otherIsNumber) return isNumber ? -1 : 1
  if (isNumber && a.length !== b.length) return Math.sign(a.length - b.length)
  return a < b ? -1 : 1
}
