/** Which rows of a long list are to be made: those that are seen, and a few around them. */

/** As the style has it: of rows whose cells stand side by side, and of those with the name above all else, on narrow screens. */
export const ROW_HEIGHT = 34
export const TALL_ROW_HEIGHT = 54
/** Rows beyond the edges, so that a quick wheel does not outrun them. */
const BEYOND = 12

export interface VisibleRows {
  readonly first: number
  /** Behind the last one. */
  readonly last: number
}

/** A list may have become short while one was far down in it. */
export function visibleRows(
  scrollTop: number,
  height: number,
  count: number,
  rowHeight = ROW_HEIGHT,
): VisibleRows {
  const wanted = Math.ceil(height / rowHeight) + 2 * BEYOND
  const top = Math.floor(scrollTop / rowHeight) - BEYOND
  const first = Math.max(0, Math.min(top, count - wanted))
  return { first, last: Math.min(count, first + wanted) }
}
