/** Profiles as V8 takes them: what a `.cpuprofile` and a `.heapprofile` hold, which the developer tools of browsers and editors open. */

export interface CallFrame {
  /** Empty for a function without a name. */
  readonly functionName: string
  /** Of the file, or empty for what is V8's own. */
  readonly url: string
  /** Where the function begins, from 0; -1 where it has no source. */
  readonly lineNumber: number
}

export interface CpuProfileNode {
  readonly id: number
  readonly callFrame: CallFrame
  readonly children?: readonly number[]
  /** How often each line, from 1, was found at work. */
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[]
}

export interface CpuProfile {
  readonly nodes: readonly CpuProfileNode[]
  /** Microseconds of a clock that begins anywhere. */
  readonly startTime: number
  readonly endTime: number
  /** The node that was found at work, look by look. */
  readonly samples?: readonly number[]
  /** Microseconds from the look before, the first from `startTime`. */
  readonly timeDeltas?: readonly number[]
}

export interface AllocationNode {
  readonly callFrame: CallFrame
  /** Bytes allocated there, as estimated by looking at some. */
  readonly selfSize: number
  readonly children: readonly AllocationNode[]
}

export interface AllocationProfile {
  readonly head: AllocationNode
}

/** Takes profiles of the whole process, whichever roles it has. */
export interface Profiler {
  /** What was at work until then. Rejects with AlreadyProfiling. */
  cpu(until: Promise<unknown>): Promise<CpuProfile>
  /** Where objects were allocated until then: those that still live, or all. Rejects with AlreadyProfiling. */
  allocations(until: Promise<unknown>, of: 'living' | 'all'): Promise<AllocationProfile>
}

/** One profile of each sort is taken at a time. */
export class AlreadyProfiling extends Error {
  override readonly name = 'AlreadyProfiling'
}
