/** What is noted of a request for its audit event. */

/** The first of several values stays, as each means the whole request. */
export function noted(
  annotations: Map<string, string> | undefined,
  key: string,
  value: string,
): Map<string, string> {
  const all = annotations ?? new Map<string, string>()
  if (!all.has(key)) all.set(key, value)
  return all
}

/** What took how long, together with what it took before. */
export function spent(
  latenciesMs: Map<string, number> | undefined,
  what: string,
  ms: number,
): Map<string, number> {
  const all = latenciesMs ?? new Map<string, number>()
  return all.set(what, (all.get(what) ?? 0) + ms)
}
