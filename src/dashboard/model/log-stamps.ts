/** A log that is read on after its stream ended: by the times before its lines it is known which were there already. */

const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ?/

/** Fractions are written as short as they can be, so that the texts alone do not sort. */
function sortable(stamp: string): string {
  const [, seconds = '', fraction = ''] = /^([^.Z+]+)(?:\.(\d+))?/.exec(stamp) ?? []
  return `${seconds}.${fraction.padEnd(9, '0')}`
}

export class LogFollower {
  readonly #showsStamps: boolean
  /** The time of the last line that was taken, as it stood there. */
  last: string | undefined
  /** Of the lines of that time, so that several of one instant are told apart. */
  #atLast = new Set<string>()

  constructor(showsStamps: boolean) {
    this.#showsStamps = showsStamps
  }

  /** Those of the lines that are new, with or without their times. */
  take(lines: readonly string[]): string[] {
    const last = this.last === undefined ? undefined : sortable(this.last)
    const before = this.#atLast
    return lines.flatMap(line => {
      const [whole = '', stamp] = STAMP.exec(line) ?? []
      if (stamp === undefined) return [line]
      const time = sortable(stamp)
      if (last !== undefined && (time < last || (time === last && before.has(line)))) return []
      if (stamp !== this.last) this.#atLast = new Set()
      this.#atLast.add(line)
      this.last = stamp
      return [this.#showsStamps ? line : line.slice(whole.length)]
    })
  }
}
