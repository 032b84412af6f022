/** The service accounts of controllers, with no more rights than a cluster gives them; what they are refused fails a test. */
import assert from 'node:assert/strict'
import type { ApiServer } from '#apiserver'
import { serviceAccountUser } from '#apiserver/authentication/authenticator.ts'
import type { ApiResponse, Transport } from '#client/transport.ts'

export class Accounts {
  readonly #server: ApiServer
  readonly #refusals = new Set<string>()

  constructor(server: ApiServer) {
    this.#server = server
  }

  transportOf(account: string): Transport {
    const transport = this.#server.transportFor(serviceAccountUser('kube-system', account))
    return {
      ...transport,
      request: async request => {
        const response = await transport.request(request)
        const refusal = refusalIn(response)
        if (refusal) this.#refusals.add(refusal)
        return response
      },
    }
  }

  assertNoneRefused(): void {
    assert.deepEqual([...this.#refusals].sort(), [], 'controllers want more than they may')
  }
}

/** Of rights; quotas and namespaces that end forbid, too. */
function refusalIn({ status, body }: ApiResponse): string | undefined {
  if (status !== 403 || body.kind !== 'object') return undefined
  const { message = '' } = body.object as { message?: string }
  return /User .* cannot .*/.exec(message)?.[0]
}
