/** What tests of webhooks share: real HTTPS servers that answer reviews, and API servers that call them. */
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { createWebhookCaller, type WebhookCaller } from '#client/webhooks/webhook-caller.ts'
import type { ApiServerOptions } from '../../apiserver.ts'
import { startTestServer, testRandom } from '../../testing.ts'

/** Checked against the machine's own clock. */
const validity = { notBefore: Date.parse('2025-01-01'), notAfter: Date.parse('2049-01-01') }
const random = testRandom()
const authority = issueAuthority('webhook-ca', validity, random)
export const caBundle = Buffer.from(authority.certificate).toString('base64')

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was asked
export type Review = any

export interface TestWebhook extends AsyncDisposable {
  readonly port: number
  /** The requests of all reviews, in order. */
  readonly asked: Review[]
  /** With their query. */
  readonly paths: string[]
  readonly url: string
  /** Its own, as a `caBundle`. */
  readonly certificate: string
}

interface HttpReply {
  readonly status: number
  readonly text: string
  readonly headers?: Record<string, string>
}

/** `answer` makes the response, but for its uid; it may give an HTTP status and text instead. */
export async function startWebhook(
  answer: (request: Review) => object | HttpReply | Promise<object>,
): Promise<TestWebhook> {
  const asked: Review[] = []
  const paths: string[] = []
  const leaf = issueLeaf(
    {
      subject: { commonName: 'webhook' },
      usages: ['server'],
      names: ['127.0.0.1', 'hook.default.svc'],
      validity,
    },
    authority,
    random,
  )
  const server = createServer({ cert: leaf.certificate, key: leaf.key }, async (request, reply) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const review = JSON.parse(Buffer.concat(chunks).toString())
    asked.push(review.request)
    paths.push(request.url ?? '')
    const given = await answer(review.request)
    if ('text' in given) {
      const { status, text, headers = {} } = given as HttpReply
      reply.writeHead(status, headers).end(text)
      return
    }
    const { apiVersion, kind } = review
    const response = { uid: review.request.uid, allowed: true, ...given }
    reply.writeHead(200).end(JSON.stringify({ apiVersion, kind, response }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    asked,
    paths,
    url: `https://127.0.0.1:${port}/review`,
    certificate: Buffer.from(leaf.certificate).toString('base64'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export const patchOf = (...operations: object[]) => ({
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})

/** An API server that calls webhooks; `dialled` may lead an address elsewhere. */
export async function startCallingServer(
  options: Partial<ApiServerOptions> & {
    readonly through?: (call: WebhookCaller) => WebhookCaller
  } = {},
) {
  const { through, ...rest } = options
  const caller = createWebhookCaller()
  const webhookCaller = through ? through(caller.call) : caller.call
  const { ask, clock, server } = await startTestServer({ ...rest, webhookCaller })
  const configure = async (kind: 'Mutating' | 'Validating', name: string, ...hooks: object[]) => {
    const body = {
      metadata: { name },
      webhooks: hooks.map((hook, index) => ({
        name: `${String.fromCharCode(97 + index)}.${name}.io`,
        rules: [
          { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] },
        ],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        ...hook,
      })),
    }
    const plural = `${kind.toLowerCase()}webhookconfigurations`
    const answer = await ask('POST', `/apis/admissionregistration.k8s.io/v1/${plural}`, body)
    if (answer.status !== 201) throw new Error(answer.text)
  }
  return {
    ask,
    clock,
    server,
    configure,
    create: (name: string, more: object = {}, query = '') =>
      ask('POST', `/api/v1/namespaces/default/configmaps${query}`, { metadata: { name }, ...more }),
    [Symbol.asyncDispose]: async () => {
      caller.close()
      await server.stop()
    },
  }
}

export const at = ({ url }: TestWebhook, more: object = {}) => ({
  clientConfig: { url, caBundle },
  ...more,
})
