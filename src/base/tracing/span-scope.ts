/**
 * What one part of a process has under way, apart from all others of the process: whatever it does becomes a part of what it does it for, and what begins of
 * itself begins a trace, if it is sampled. Nothing of what is not sampled is told.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Beginning, Span, Tracer } from './span.ts'

interface UnderWay {
  /** Undefined where it is not sampled. */
  readonly span: Span | undefined
  /** What was begun meanwhile, such as a timer, belongs to it no more. */
  isOver: boolean
}

export interface ScopeBeginning extends Beginning {
  /** It is a part of nothing, whatever is under way. */
  readonly isRoot?: boolean
}

export class SpanScope {
  readonly #tracer: Tracer
  readonly #underWay = new AsyncLocalStorage<UnderWay>()

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  /** The header by which whoever is asked now goes on with the trace; undefined where there is none. */
  get traceparent(): string | undefined {
    return this.#current()?.span?.traceparent
  }

  /** Does the work; `beginning.parent` counts more than what is under way. A failure is told, and passed on. */
  async run<T>(
    name: string,
    work: (span: Span | undefined) => Promise<T>,
    beginning: ScopeBeginning = {},
  ): Promise<T> {
    const { isRoot = false, ...own } = beginning
    const span = this.#begin(name, own, isRoot)
    const underWay: UnderWay = { span, isOver: false }
    try {
      const result = await this.#underWay.run(underWay, () => work(span))
      span?.end()
      return result
    } catch (error) {
      span?.end(error instanceof Error ? error.message : String(error))
      throw error
    } finally {
      underWay.isOver = true
    }
  }

  #begin(name: string, beginning: Beginning, isRoot: boolean): Span | undefined {
    const above = isRoot || beginning.parent ? undefined : this.#current()
    if (!above) return this.#tracer.begin(name, beginning)
    const { parent: _, ...own } = beginning
    return above.span?.child(name, own)
  }

  #current(): UnderWay | undefined {
    const underWay = this.#underWay.getStore()
    return underWay?.isOver ? undefined : underWay
  }
}
