/** Puts tokens into the Secrets that ask for one, and removes those whose account is gone. */
import { secret } from '#api/core/v1/secret.ts'
import { type ServiceAccount, serviceAccount } from '#api/core/v1/service-account.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { accountNameOf, tokenSecrets } from '../runner/token-secrets.ts'
import { reconcile, reconcileGone } from './serviceaccount-token.reconcile.ts'

export interface TokenOptions {
  /** Signs claims with a key that the API server trusts; gives the token. */
  readonly sign: (claims: Readonly<Record<string, unknown>>) => string
}

/** `certificateAuthority` is the PEM text that goes with the tokens. */
export function serviceAccountTokenController(
  context: ControllerContext,
  options: TokenOptions & { readonly certificateAuthority?: string },
): Controller {
  const { client, informers } = context
  const accounts = informers.for(serviceAccount)
  const secrets = tokenSecrets(informers)
  /** For a Secret that is gone, whose account then has to strike it off. */
  const accountOfGone = new Map<string, string>()

  const accountFor = async (
    namespace: string,
    name: string,
  ): Promise<ServiceAccount | undefined> => {
    const known = accounts.get(`${namespace}/${name}`)
    if (known) return known
    try {
      // A view may be late; a token must not go for that.
      return await client.get(serviceAccount, name, namespace)
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }

  return {
    name: 'serviceaccount-token-controller',
    workers: 5,
    views: [
      { kind: serviceAccount, informer: accounts },
      { kind: secret, informer: secrets },
    ],
    wake(queue) {
      queue.onStop(
        secrets.subscribe({
          changed(next) {
            accountOfGone.delete(keyOf(next))
            queue.add(keyOf(next))
          },
          deleted(gone) {
            accountOfGone.set(keyOf(gone), accountNameOf(gone))
            queue.add(keyOf(gone))
          },
        }),
      )
      queue.onStop(
        accounts.subscribe({
          deleted({ metadata }) {
            for (const found of secrets.list(metadata.namespace ?? ''))
              if (accountNameOf(found) === metadata.name) queue.add(keyOf(found))
          },
        }),
      )
    },
    async reconcile(key) {
      const found = secrets.get(key)
      const [namespace = '', name = ''] = key.split('/')
      if (!found) {
        const account = accounts.get(`${namespace}/${accountOfGone.get(key)}`)
        accountOfGone.delete(key)
        return reconcileGone(name, account)
      }
      const account = await accountFor(namespace, accountNameOf(found))
      return reconcile(found, account, options)
    },
  }
}
