/** Requests to the API as parts of what is under way, and with the header by which the API server goes on with the trace; told as client-go does. */
import type { Span } from '#base/tracing/span.ts'
import type { SpanScope } from '#base/tracing/span-scope.ts'
import type { ApiRequest, ApiResponse, Transport } from './transport.ts'

/** `server` is where the requests go: `https://127.0.0.1:6443`. */
export function traceTransport<T extends Transport>(
  transport: T,
  spans: SpanScope,
  server: string,
): T {
  const { hostname, port } = new URL(server)
  const base = server.replace(/\/+$/, '')
  const ask = async (request: ApiRequest, span: Span | undefined): Promise<ApiResponse> => {
    const { traceparent } = spans
    const response = await transport.request({
      ...request,
      ...(traceparent ? { headers: { ...request.headers, traceparent } } : {}),
    })
    span?.set('http.response.status_code', response.status)
    if (response.status >= 400) span?.set('error.type', String(response.status))
    return response
  }
  return {
    ...transport,
    request: (request: ApiRequest) =>
      spans.run(`HTTP ${request.method}`, span => ask(request, span), {
        kind: 'client',
        attributes: {
          'http.request.method': request.method,
          'url.full': `${base}${request.path}`,
          'server.address': hostname.replace(/^\[|\]$/g, ''),
          'server.port': Number(port || 443),
        },
      }),
  }
}
