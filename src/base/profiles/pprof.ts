/**
 * Profiles in the form of pprof (github.com/google/pprof, profile.proto), which `go tool pprof`, Pyroscope, Parca and others read. V8 names
 * functions and lines, so there are no addresses to be looked up.
 */
import { integer, integers, list, message, nested, strings } from '../protobuf.ts'
import type { AllocationNode, AllocationProfile, CallFrame, CpuProfile } from './v8.ts'

const valueType = message({ type: integer(1), unit: integer(2) })
const sample = message({ locationId: integers(1), value: integers(2) })
const line = message({ functionId: integer(1), line: integer(2) })
const location = message({ id: integer(1), line: list(4, line) })
const func = message({
  id: integer(1),
  name: integer(2),
  systemName: integer(3),
  filename: integer(4),
  startLine: integer(5),
})

/** Profile of profile.proto; texts are places in `stringTable`, whose first is empty. */
export const pprofProfile = message({
  sampleType: list(1, valueType),
  sample: list(2, sample),
  location: list(4, location),
  function: list(5, func),
  stringTable: strings(6),
  timeNanos: integer(9),
  durationNanos: integer(10),
  periodType: nested(11, valueType),
  period: integer(12),
  defaultSampleType: integer(14),
})

/** V8's own words for times in which nothing was done. */
const IDLE = '(idle)'
const ROOT = '(root)'
const NANOS_PER_MICRO = 1000
const NANOS_PER_MILLI = 1_000_000

/** How often and how long each line was at work; `startedMs` since the epoch, looks every `intervalUs`. */
export function pprofOfCpu(profile: CpuProfile, startedMs: number, intervalUs: number): Uint8Array {
  const { nodes, samples = [], timeDeltas = [], startTime, endTime } = profile
  const book = new Book()
  const byId = new Map(nodes.map(node => [node.id, node]))
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map(child => [child, id] as const)),
  )
  const found = new Map<number, { count: number; micros: number }>()
  let atUs = startTime
  samples.forEach((id, at) => {
    atUs += timeDeltas[at] ?? 0
    // What is seen goes on until the next look.
    const micros = timeDeltas[at + 1] ?? Math.max(0, endTime - atUs)
    const soFar = found.get(id) ?? { count: 0, micros: 0 }
    // Looks may be handed over out of order.
    found.set(id, { count: soFar.count + 1, micros: soFar.micros + Math.max(0, micros) })
  })
  for (const [id, { count, micros }] of found) {
    const node = byId.get(id)
    if (!node || node.callFrame.functionName === IDLE) continue
    const callers: number[] = []
    for (let at = parents.get(id); at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame
      if (frame && frame.functionName !== ROOT) callers.push(book.location(frame))
    }
    for (const { line, share } of sharesOf(node.positionTicks ?? []))
      book.samples.push({
        locationId: [book.location(node.callFrame, line), ...callers],
        value: [Math.round(count * share), Math.round(micros * share * NANOS_PER_MICRO)],
      })
  }
  const cpu = { type: book.text('cpu'), unit: book.text('nanoseconds') }
  return book.encode({
    sampleType: [{ type: book.text('samples'), unit: book.text('count') }, cpu],
    timeNanos: startedMs * NANOS_PER_MILLI,
    durationNanos: (endTime - startTime) * NANOS_PER_MICRO,
    periodType: cpu,
    period: intervalUs * NANOS_PER_MICRO,
    defaultSampleType: cpu.type,
  })
}

function sharesOf(ticks: readonly { readonly line: number; readonly ticks: number }[]) {
  const all = ticks.reduce((sum, { ticks }) => sum + ticks, 0)
  if (all === 0) return [{ line: undefined, share: 1 }]
  return ticks.map(({ line, ticks }) => ({ line, share: ticks / all }))
}

export interface AllocationTimes {
  /** Since the epoch. */
  readonly startedMs: number
  readonly durationMs: number
  /** The mean distance of two looks, in allocated bytes. */
  readonly intervalBytes: number
}

/** Bytes by where they were allocated; `type` is pprof's word for them: `inuse_space`, `alloc_space`. */
export function pprofOfAllocations(
  { head }: AllocationProfile,
  type: string,
  { startedMs, durationMs, intervalBytes }: AllocationTimes,
): Uint8Array {
  const book = new Book()
  const stack: { readonly node: AllocationNode; readonly callers: readonly number[] }[] = [
    { node: head, callers: [] },
  ]
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { node, callers } = next
    const isRoot = node.callFrame.functionName === ROOT
    const locationId = isRoot ? callers : [book.location(node.callFrame), ...callers]
    if (node.selfSize > 0 && !isRoot) book.samples.push({ locationId, value: [node.selfSize] })
    for (const child of node.children) stack.push({ node: child, callers: locationId })
  }
  const space = { type: book.text('space'), unit: book.text('bytes') }
  return book.encode({
    sampleType: [{ type: book.text(type), unit: space.unit }],
    timeNanos: startedMs * NANOS_PER_MILLI,
    durationNanos: Math.round(durationMs * NANOS_PER_MILLI),
    periodType: space,
    period: intervalBytes,
    defaultSampleType: book.text(type),
  })
}

interface FunctionEntry {
  readonly id: number
  readonly name: number
  readonly systemName: number
  readonly filename: number
  readonly startLine: number
}

/** Each text, function and line once. */
class Book {
  readonly samples: { locationId: readonly number[]; value: readonly number[] }[] = []
  readonly #texts = new Map<string, number>([['', 0]])
  readonly #functions = new Map<string, FunctionEntry>()
  readonly #locations = new Map<string, { id: number; functionId: number; line: number }>()

  text(text: string): number {
    return numbered(this.#texts, text, at => at)
  }

  /** Of the line where something was at work, or where the function begins. */
  location(frame: CallFrame, line = Math.max(0, frame.lineNumber + 1)): number {
    const { id: functionId } = this.#functionOf(frame)
    const make = (at: number) => ({ id: at + 1, functionId, line })
    return numbered(this.#locations, `${functionId} ${line}`, make).id
  }

  #functionOf({ functionName, url, lineNumber }: CallFrame): FunctionEntry {
    return numbered(this.#functions, JSON.stringify([functionName, url, lineNumber]), at => {
      const name = this.text(functionName || '(anonymous)')
      const startLine = Math.max(0, lineNumber + 1)
      return { id: at + 1, name, systemName: name, filename: this.text(fileOf(url)), startLine }
    })
  }

  encode(rest: Parameters<typeof pprofProfile.encode>[0]): Uint8Array {
    return pprofProfile.encode({
      ...rest,
      sample: this.samples,
      location: [...this.#locations.values()].map(({ id, ...line }) => ({ id, line: [line] })),
      function: [...this.#functions.values()],
      stringTable: [...this.#texts.keys()],
    })
  }
}

function numbered<K, V>(map: Map<K, V>, key: K, make: (at: number) => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const value = make(map.size)
  map.set(key, value)
  return value
}

/** A path where the file has one. */
function fileOf(url: string): string {
  if (!url.startsWith('file://')) return url
  try {
    return decodeURIComponent(new URL(url).pathname)
  } catch {
    return url
  }
}
