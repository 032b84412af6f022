/** One text for equal values, whatever the order of their keys. */
import { isPlainObject } from '#api/machinery/plain.ts'

export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isPlainObject(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  ) ?? ''
