/** Two texts line by line: what went, what came, and a little of what stayed around it. */

export interface DiffLine {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

/** Unchanged lines that are shown around changed ones. */
const CONTEXT = 3
/** Beyond so many steps of comparing the changed middle is shown as a whole. */
const MAXIMUM_CELLS = 4_000_000

/** Undefined in place of lines that are left out. */
export function lineDiff(before: string, after: string): (DiffLine | undefined)[] {
  const a = before.split('\n')
  const b = after.split('\n')
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (
    end < a.length - start &&
    end < b.length - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  )
    end++
  const same = (text: string): DiffLine => ({ sign: ' ', text })
  const lines = [
    ...a.slice(0, start).map(same),
    ...changed(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map(same),
  ]
  return shortened(lines)
}

function changed(a: readonly string[], b: readonly string[]): DiffLine[] {
  const gone = (text: string): DiffLine => ({ sign: '-', text })
  const come = (text: string): DiffLine => ({ sign: '+', text })
  if (a.length * b.length > MAXIMUM_CELLS) return [...a.map(gone), ...b.map(come)]
  const width = b.length + 1
  // How many lines can stay from here on.
  const kept = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      kept[i * width + j] =
        a[i] === b[j]
          ? (kept[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(kept[(i + 1) * width + j] ?? 0, kept[i * width + j + 1] ?? 0)
  const lines: DiffLine[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const [one, other] = [a[i], b[j]]
    if (one !== undefined && one === other) {
      lines.push({ sign: ' ', text: one })
      i++
      j++
    } else if (
      one !== undefined &&
      (other === undefined || (kept[(i + 1) * width + j] ?? 0) >= (kept[i * width + j + 1] ?? 0))
    ) {
      lines.push(gone(one))
      i++
    } else {
      lines.push(come(other ?? ''))
      j++
    }
  }
  return lines
}

function shortened(lines: readonly DiffLine[]): (DiffLine | undefined)[] {
  const isNear = new Uint8Array(lines.length)
  for (const [at, { sign }] of lines.entries())
    if (sign !== ' ')
      isNear.fill(1, Math.max(0, at - CONTEXT), Math.min(lines.length, at + CONTEXT + 1))
  const shown: (DiffLine | undefined)[] = []
  for (const [at, line] of lines.entries()) {
    if (isNear[at]) shown.push(line)
    else if (shown.at(-1) !== undefined || at === 0) shown.push(undefined)
  }
  return shown
}
