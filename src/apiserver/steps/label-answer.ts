import { auditIdOf, NO_INFO, type Step } from '../exchange.ts'

/** Gives every answer an id, by which people talk about it, and keeps it out of caches unless its handler says otherwise. */
export const labelAnswer: Step = (exchange, next) =>
  // In process nobody reads headers.
  exchange.request.objects ? next() : labelled(exchange, next)

const labelled: Step = async (exchange, next) => {
  const response = await next()
  // A client may name its request itself, to find it again in several logs.
  const labels: Record<string, string> = { 'audit-id': auditIdOf(exchange) }
  // Upstream knows no more of what it cannot read.
  if (exchange.info !== NO_INFO) labels['cache-control'] = 'no-cache, private'
  if (exchange.flow) {
    const { schema, level } = exchange.flow
    labels['x-kubernetes-pf-flowschema-uid'] = schema.metadata.uid ?? ''
    labels['x-kubernetes-pf-prioritylevel-uid'] = level.uid
  }
  return { ...response, headers: { ...labels, ...response.headers } }
}
