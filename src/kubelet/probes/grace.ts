import type { AnyContainer } from '../pod-types.ts'

/** A failed probe may set its own grace for the kill that follows. */
export function graceOfProbe(
  container: AnyContainer,
  kind: 'liveness' | 'startup',
): number | undefined {
  const probe = kind === 'liveness' ? container.livenessProbe : container.startupProbe
  const seconds = probe?.terminationGracePeriodSeconds
  return seconds === undefined ? undefined : Number(seconds)
}
