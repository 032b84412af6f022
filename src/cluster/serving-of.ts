/** What of the options for serving an API server is told as it is. */
import type { ApiServerOptions } from '#apiserver'
import type { OpenHttp } from './open-http.ts'
import type { ServingOptions } from './options.ts'

type Told = Pick<
  ApiServerOptions,
  'eventTtlMs' | 'requestLimits' | 'answering' | 'tracer' | 'nodePorts' | 'tolerationSeconds'
>

export function servingOf(options: ServingOptions, { answering, tracer }: OpenHttp): Told {
  const { eventTtlMs, requestLimits, nodePorts, tolerationSeconds } = options
  return {
    answering,
    ...(tracer ? { tracer } : {}),
    ...(eventTtlMs === undefined ? {} : { eventTtlMs }),
    ...(requestLimits ? { requestLimits } : {}),
    ...(nodePorts ? { nodePorts } : {}),
    ...(tolerationSeconds ? { tolerationSeconds } : {}),
  }
}
