/** Which rows of a long list are to be made: those that are seen, and a few around them. */

/** As the style has it. */
export const ROW_HEIGHT = 34
/** Rows beyond the edges, so that a quick wheel does not outrun them. */
const BEYOND = 12

export interface VisibleRows {
  readonly first: number
  /** Behind the last one. */
  readonly last: number
}

/** A list may have become short while one was far down in it. */
export function visibleRows(scrollTop: number, height: number, count: number): VisibleRows {
  const wanted = Math.ceil(height / ROW_HEIGHT) + 2 * BEYOND
  const top = Math.floor(scrollTop / ROW_HEIGHT) - BEYOND
  const first = Math.max(0, Math.min(top, count - wanted))
  return { first, last: Math.min(count, first + wanted) }
}
