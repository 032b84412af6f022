/** What a kubelet tells of itself to a collector of traces, where its configuration asks for that; else nothing is loaded. */
import type { SpanScope } from '#base/tracing/span-scope.ts'
import type { Running } from '#client/role.ts'
import type { TracingConfiguration, TracingTools } from './open-tracer.ts'

export async function kubeletSpans(
  tracing: TracingConfiguration | undefined,
  nodeName: string,
  tools: TracingTools,
): Promise<(Running & { readonly spans: SpanScope }) | undefined> {
  if (!tracing) return undefined
  const [{ openTracer }, { SpanScope }] = await Promise.all([
    import('./open-tracer.ts'),
    import('#base/tracing/span-scope.ts'),
  ])
  const service = { name: 'kubelet', scope: 'k8s.io/kubernetes/pkg/kubelet', host: nodeName }
  const { tracer, stop } = openTracer(tracing, service, tools)
  return { spans: new SpanScope(tracer), stop }
}
