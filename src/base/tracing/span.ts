/**
 * What a program did, from when to when, and as a part of what. Spans are made only of what is sampled: whatever is not costs a comparison, and nothing
 * waits for whoever collects them.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../clock.ts'
import type { Random } from '../random.ts'
import { formatTraceparent, type SpanContext } from './trace-context.ts'

export type AttributeValue = string | number | boolean
export type Attributes = Readonly<Record<string, AttributeValue>>
export type SpanKind = 'internal' | 'server' | 'client'

/** A span that is over. Times are nanoseconds since the epoch. */
export interface EndedSpan {
  readonly context: SpanContext
  readonly parentSpanId: string | undefined
  /** A span of another trace that led to this one. */
  readonly link: SpanContext | undefined
  readonly name: string
  readonly kind: SpanKind
  readonly startNs: bigint
  readonly endNs: bigint
  readonly attributes: ReadonlyMap<string, AttributeValue>
  /** Why it failed. */
  readonly error: string | undefined
}

/** Takes spans that are over; never throws, never waits. */
export type SpanSink = (span: EndedSpan) => void

export interface TracerOptions {
  readonly clock: Clock
  readonly random: Random
  /** Of how many requests out of a million a trace is begun, where nobody before us decided. */
  readonly samplingRatePerMillion: number
  readonly sink: SpanSink
}

export interface Beginning {
  readonly kind?: SpanKind
  /** Who asked for it: the same trace goes on, sampled or not as it is there. */
  readonly parent?: SpanContext | undefined
  readonly link?: SpanContext | undefined
  readonly attributes?: Attributes
}

const MILLION = 1_000_000

export class Tracer {
  readonly #options: TracerOptions
  /** The wall clock where the other one is 0: spans of one process are told apart by less than a millisecond. */
  readonly #originMs: number

  constructor(options: TracerOptions) {
    this.#options = options
    this.#originMs = options.clock.now() - options.clock.monotonicMs()
    storage ??= new AsyncLocalStorage()
  }

  /** The first span of this process in a trace; undefined where it is not sampled. */
  begin(name: string, beginning: Beginning = {}): Span | undefined {
    const { parent } = beginning
    const { random, samplingRatePerMillion: rate } = this.#options
    const isSampled = parent ? parent.isSampled : rate > 0 && random.integer(MILLION) < rate
    return isSampled ? new Span(this, name, beginning) : undefined
  }

  id(bytes: number): string {
    for (;;) {
      const { buffer, byteOffset, length } = this.#options.random.bytes(bytes)
      const text = Buffer.from(buffer, byteOffset, length).toString('hex')
      // Zero is nobody's.
      if (!/^0*$/.test(text)) return text
    }
  }

  nowNs(): bigint {
    const ms = this.#originMs + this.#options.clock.monotonicMs()
    const whole = Math.floor(ms)
    return BigInt(whole) * 1_000_000n + BigInt(Math.floor((ms - whole) * MILLION))
  }

  ended(span: EndedSpan): void {
    this.#options.sink(span)
  }
}

/** Attributes of one span, at most, as OpenTelemetry's own programs have it: more would be somebody's loop. */
const MAXIMUM_ATTRIBUTES = 128
/**
 * Of a name or a value, in UTF-16 code units; the rest is cut off. Paths and user agents are whatever somebody sends, and collectors take no more than
 * 4 MiB at a time: one long one would lose all that is told with it.
 */
export const LONGEST_VALUE = 1024

const short = <T extends AttributeValue | undefined>(value: T): T =>
  (typeof value === 'string' ? value.slice(0, LONGEST_VALUE) : value) as T

/** One that is under way. */
export class Span {
  readonly context: SpanContext
  readonly #tracer: Tracer
  readonly #name: string
  readonly #beginning: Beginning
  readonly #startNs: bigint
  readonly #attributes: Map<string, AttributeValue>
  #isOver = false

  constructor(tracer: Tracer, name: string, beginning: Beginning) {
    this.#tracer = tracer
    this.#name = short(name)
    this.#beginning = beginning
    this.#startNs = tracer.nowNs()
    this.#attributes = new Map()
    for (const [key, value] of Object.entries(beginning.attributes ?? {})) this.set(key, value)
    this.context = {
      traceId: beginning.parent?.traceId ?? tracer.id(16),
      spanId: tracer.id(8),
      isSampled: true,
    }
  }

  /** What is done as a part of it. */
  child(name: string, beginning: Omit<Beginning, 'parent'> = {}): Span {
    return new Span(this.#tracer, name, { ...beginning, parent: this.context })
  }

  set(name: string, value: AttributeValue): void {
    if (this.#attributes.size < MAXIMUM_ATTRIBUTES || this.#attributes.has(name))
      this.#attributes.set(name, short(value))
  }

  /** The header by which whoever is asked next goes on with the trace. */
  get traceparent(): string {
    return formatTraceparent(this.context)
  }

  /** A second call is harmless. */
  end(error?: string): void {
    if (this.#isOver) return
    this.#isOver = true
    const { kind = 'internal', parent, link } = this.#beginning
    this.#tracer.ended({
      context: this.context,
      parentSpanId: parent?.spanId,
      link,
      name: this.#name,
      kind,
      startNs: this.#startNs,
      endNs: this.#tracer.nowNs(),
      attributes: this.#attributes,
      error: short(error),
    })
  }
}

/** Made with the first tracer, so that a process without one carries nothing along. */
let storage: AsyncLocalStorage<Span> | undefined

/** The span of which whatever runs now is a part; undefined where nothing is traced. */
export const currentSpan = (): Span | undefined => storage?.getStore()

/** Does the work as a part of this span, which is then over. */
export async function within<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    const result = await (storage ? storage.run(span, work) : work())
    span.end()
    return result
  } catch (error) {
    span.end(error instanceof Error ? error.message : String(error))
    throw error
  }
}

/** Does the work, with a span of its own where it is a part of one. */
export function spanned<T>(
  name: string,
  work: () => Promise<T>,
  beginning?: () => Omit<Beginning, 'parent'>,
): Promise<T> {
  const parent = currentSpan()
  return parent ? within(parent.child(name, beginning?.()), work) : work()
}
