/** Traces as a TracingConfiguration (apiserver.config.k8s.io) asks for them. Loaded only where somebody does. */
import { decodeConfiguration, type FileKind } from '#apiserver/configuration/decode.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { DEFAULT_ENDPOINT, tracingProblems } from '#client/tracing/tracing-configuration.ts'
import type { Files } from '#host/files.ts'
import { bytesOf } from './followed-file.ts'
import {
  type OpenTracing,
  openTracer,
  type TracedService,
  type TracingConfiguration,
  type TracingTools,
} from './open-tracer.ts'

export interface Surroundings extends TracingTools {
  readonly files: Pick<Files, 'read'>
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
  const wrong = tracingProblems(endpoint, samplingRatePerMillion)
  if (wrong.length > 0) throw failed(wrong.join(', '))
  return { endpoint: endpoint || DEFAULT_ENDPOINT, samplingRatePerMillion }
}

/** Rejects with a UserError. */
export async function openTracing(
  path: string,
  service: TracedService,
  { files, ...tools }: Surroundings,
): Promise<OpenTracing> {
  return openTracer(readTracingConfiguration(path, files), service, tools)
}
