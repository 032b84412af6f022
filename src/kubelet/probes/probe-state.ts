/** Counts a probe's answers until they make a verdict. Pure. */
import type { Probe } from '../pod-types.ts'

export type ProbeKind = 'startup' | 'liveness' | 'readiness'
export type Verdict = 'success' | 'failure'

/** What a probe counts as before it has answered enough: alive, but not ready and not started. */
export const INITIAL: Readonly<Record<ProbeKind, Verdict>> = {
  liveness: 'success',
  readiness: 'failure',
  startup: 'failure',
}

export interface ProbeState {
  readonly verdict: Verdict
  readonly last: Verdict | undefined
  readonly inARow: number
  /** A startup probe decides once: it succeeded, or failed often enough to kill the container. */
  readonly decided: boolean
}

export const initialState = (kind: ProbeKind): ProbeState => ({
  verdict: INITIAL[kind],
  last: undefined,
  inARow: 0,
  decided: false,
})

export function afterAnswer(state: ProbeState, ok: boolean, probe: Probe): ProbeState {
  const answer: Verdict = ok ? 'success' : 'failure'
  const inARow = state.last === answer ? state.inARow + 1 : 1
  const needed = ok ? probe.successThreshold || 1 : probe.failureThreshold || 3
  if (inARow < needed) return { ...state, last: answer, inARow }
  return { verdict: answer, last: answer, inARow, decided: true }
}
