/** Traces as a TracingConfiguration (apiserver.config.k8s.io) asks for them. Loaded only where somebody does. */
import { decodeConfiguration, type FileKind } from '#apiserver/configuration/decode.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { Tracer } from '#base/tracing/span.ts'
import type { OtlpExporter } from '#client/tracing/otlp-exporter.ts'
import { SpanQueue } from '#client/tracing/span-queue.ts'
import type { Files } from '#host/files.ts'
import { bytesOf } from './followed-file.ts'

export interface OpenTracing {
  readonly tracer: Tracer
  /** Tells what is left. */
  stop(): Promise<void>
}

export interface Surroundings {
  readonly files: Pick<Files, 'read'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface TracingConfiguration {
  readonly endpoint: string
  readonly samplingRatePerMillion: number
}

const FILE: FileKind = {
  kind: 'TracingConfiguration',
  versions: [
    'apiserver.config.k8s.io/v1alpha1',
    'apiserver.config.k8s.io/v1beta1',
    'apiserver.config.k8s.io/v1',
  ],
  fields: { endpoint: 'text', samplingRatePerMillion: 'integer' },
}

const DEFAULT_ENDPOINT = 'localhost:4317'
const MILLION = 1_000_000

/** Throws a UserError. */
export function readTracingConfiguration(
  path: string,
  files: Pick<Files, 'read'>,
): TracingConfiguration {
  const failed = (why: string) =>
    new UserError(`failed to read tracing configuration from ${JSON.stringify(path)}: ${why}`)
  let raw: Record<string, unknown>
  try {
    raw = decodeConfiguration(bytesOf(path, files), FILE)
  } catch (error) {
    throw failed(messageOf(error))
  }
  const { endpoint = DEFAULT_ENDPOINT, samplingRatePerMillion = 0 } = raw as {
    endpoint?: string
    samplingRatePerMillion?: number
  }
  const wrong: string[] = []
  const rate = 'samplingRatePerMillion: Invalid value'
  if (samplingRatePerMillion < 0)
    wrong.push(`${rate}: ${samplingRatePerMillion}: sampling rate must be positive`)
  if (samplingRatePerMillion > MILLION)
    wrong.push(
      `${rate}: ${samplingRatePerMillion}: sampling rate per million must be less than or equal to one million`,
    )
  if (!isEndpoint(endpoint))
    wrong.push(
      `endpoint: Invalid value: ${JSON.stringify(endpoint)}: not a name as gRPC knows them`,
    )
  if (wrong.length > 0) throw failed(wrong.map(each => `tracing.${each}`).join(', '))
  return { endpoint: endpoint || DEFAULT_ENDPOINT, samplingRatePerMillion }
}

/** A host and its port, or one of the schemes of gRPC with anything. */
const isEndpoint = (text: string) =>
  /^((dns|ipv4|ipv6|unix|unix-abstract|passthrough):.+|[^\s/]*)$/.test(text)

/** Rejects with a UserError. Nothing is connected to before there is something to tell. */
export async function openTracing(
  path: string,
  service: { readonly name: string; readonly scope: string },
  { files, clock, random, log }: Surroundings,
): Promise<OpenTracing> {
  const { endpoint, samplingRatePerMillion } = readTracingConfiguration(path, files)
  const resource = {
    attributes: { 'service.name': service.name, 'service.instance.id': random.uuid() },
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
