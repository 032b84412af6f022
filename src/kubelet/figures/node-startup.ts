/** How long it took from the boot of the machine until the node took pods, step by step. */
import type { FigureBook } from '#base/figures.ts'
import type { KubeletContext } from '../options.ts'

/** In their order; each names the stretch that it ends. */
const MARKS = ['kubelet', 'registering', 'registered', 'ready'] as const
type Mark = (typeof MARKS)[number]

export class NodeStartup {
  readonly #context: KubeletContext
  /** Milliseconds of the monotonic clock. */
  readonly #at = new Map<Mark, number>()
  /** From the boot to the start of the kubelet; 0 where nobody knows when it was. */
  #beforeMs = 0

  constructor(context: KubeletContext) {
    this.#context = context
    this.mark('kubelet')
  }

  /** Only the first time counts. */
  mark(mark: Mark): void {
    if (!this.#at.has(mark)) this.#at.set(mark, this.#context.clock.monotonicMs())
  }

  async findBoot(): Promise<void> {
    const { clock, options } = this.#context
    const startedAt = clock.now()
    const bytes = await options.hostAccess.files.read('/proc/stat').catch(() => undefined)
    const [, seconds] = /^btime (\d+)$/m.exec(new TextDecoder().decode(bytes)) ?? []
    if (seconds !== undefined) this.#beforeMs = Math.max(0, startedAt - Number(seconds) * 1000)
  }

  tell(book: FigureBook): void {
    const gauge = (part: string, help: string, read: () => number) =>
      book.gauge(`kubelet_node_startup_${part}duration_seconds`, help, () => [
        { labels: {}, value: read() / 1000 },
      ])
    const between = (from: Mark, to: Mark) => () => {
      const [start, end] = [this.#at.get(from), this.#at.get(to)]
      return start === undefined || end === undefined ? 0 : end - start
    }
    gauge(
      'pre_kubelet_',
      'From the boot of the machine to the start of the kubelet',
      () => this.#beforeMs,
    )
    gauge(
      'pre_registration_',
      'From there until the node begins to register',
      between('kubelet', 'registering'),
    )
    gauge(
      'registration_',
      'From there until it is registered',
      between('registering', 'registered'),
    )
    gauge('post_registration_', 'From there until it is ready', between('registered', 'ready'))
    gauge('', 'From the boot of the machine until the node is ready', () => {
      const ownMs = between('kubelet', 'ready')()
      return ownMs === 0 ? 0 : this.#beforeMs + ownMs
    })
  }
}
