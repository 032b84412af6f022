/** Who begins traces, and tells a collector of them. Loaded only where somebody wants that. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { Tracer } from '#base/tracing/span.ts'
import type { OtlpExporter } from '#client/tracing/otlp-exporter.ts'
import { SpanQueue } from '#client/tracing/span-queue.ts'

export interface TracingConfiguration {
  readonly endpoint: string
  readonly samplingRatePerMillion: number
}

export interface TracedService {
  readonly name: string
  readonly scope: string
  /** Where it runs. */
  readonly host?: string
}

export interface OpenTracing {
  readonly tracer: Tracer
  /** Tells what is left. */
  stop(): Promise<void>
}

export interface TracingTools {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Nothing is connected to before there is something to tell. */
export function openTracer(
  { endpoint, samplingRatePerMillion }: TracingConfiguration,
  service: TracedService,
  { clock, random, log }: TracingTools,
): OpenTracing {
  const resource = {
    attributes: {
      'service.name': service.name,
      'service.instance.id': random.uuid(),
      ...(service.host ? { 'host.name': service.host } : {}),
    },
    scope: service.scope,
  }
  let exporter: OtlpExporter | undefined
  const queue = new SpanQueue({
    clock,
    log,
    async send(spans) {
      const { createOtlpExporter } = await import('#client/tracing/otlp-exporter.ts')
      exporter ??= createOtlpExporter(endpoint, resource, clock)
      await exporter.send(spans)
    },
  })
  const sink = queue.add.bind(queue)
  return {
    tracer: new Tracer({ clock, random, samplingRatePerMillion, sink }),
    async stop() {
      await queue.close()
      exporter?.close()
    },
  }
}
