/** What is noted of a request for its audit event. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { Exchange } from '../exchange.ts'

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

/** Whoever still asks for what will not be there for ever. */
export function noteDeprecation(
  exchange: Exchange,
  { deprecation }: Pick<AnyKind, 'deprecation'>,
): void {
  if (deprecation === undefined || !exchange.audit) return
  const note = (key: string, value: string) => {
    exchange.auditAnnotations = noted(exchange.auditAnnotations, `k8s.io/${key}`, value)
  }
  note('deprecated', 'true')
  const [, release] = / unavailable in v(\d+\.\d+)\+/.exec(deprecation) ?? []
  if (release !== undefined) note('removed-release', release)
}
