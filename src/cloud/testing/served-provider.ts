/** Any provider behind HTTP, as `../http/http-provider.ts` asks it: for tests, and as a model for servers in other languages. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CloudProvider, ImplementedElsewhere, RetryLater } from '../provider.ts'

export interface ServedProvider {
  readonly url: string
  close(): Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: whatever a test posts
type Question = any

const never = new AbortController().signal

const calls: Readonly<Record<string, (provider: CloudProvider, question: Question) => unknown>> = {
  'instance-exists': async ({ instances }, { node }) => ({
    exists: await instances?.instanceExists(node, never),
  }),
  'instance-shutdown': async ({ instances }, { node }) => ({
    shutdown: await instances?.instanceShutdown(node, never),
  }),
  'instance-metadata': async ({ instances }, { node }) => ({
    metadata: await instances?.instanceMetadata(node, never),
  }),
  'get-load-balancer': async ({ loadBalancer }, { clusterName, service }) => ({
    status: await loadBalancer?.getLoadBalancer(clusterName, service, never),
  }),
  'ensure-load-balancer': async ({ loadBalancer }, { clusterName, service, nodes }) => ({
    status: await loadBalancer?.ensureLoadBalancer(clusterName, service, nodes ?? [], never),
  }),
  'update-load-balancer': async ({ loadBalancer }, { clusterName, service, nodes }) => {
    await loadBalancer?.updateLoadBalancer(clusterName, service, nodes ?? [], never)
    return {}
  },
  'ensure-load-balancer-deleted': async ({ loadBalancer }, { clusterName, service }) => {
    await loadBalancer?.ensureLoadBalancerDeleted(clusterName, service, never)
    return {}
  },
  'list-routes': async ({ routes }, { clusterName }) => ({
    routes: await routes?.listRoutes(clusterName, never),
  }),
  'create-route': async ({ routes }, { clusterName, nameHint, route }) => {
    await routes?.createRoute(clusterName, nameHint, route, never)
    return {}
  },
  'delete-route': async ({ routes }, { clusterName, route }) => {
    await routes?.deleteRoute(clusterName, route, never)
    return {}
  },
}

/** Listens on a free port of 127.0.0.1. */
export async function serveProvider(provider: CloudProvider): Promise<ServedProvider> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const call = calls[(request.url ?? '').slice(1)]
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    if (!call) return answer(404, { message: `there is no call ${request.url}` })
    try {
      answer(200, (await call(provider, JSON.parse(Buffer.concat(chunks).toString()))) as object)
    } catch (error) {
      answer(500, failureOf(error as Error))
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function failureOf(error: Error): object {
  const { message } = error
  if (error instanceof ImplementedElsewhere) return { message, reason: 'ImplementedElsewhere' }
  if (error instanceof RetryLater)
    return { message, reason: 'RetryAfter', retryAfterSeconds: error.retryAfterMs / 1000 }
  return { message }
}
