/** Credentials that programs know, where there are any: their part is loaded with the first image. */
import type { PullCredential } from '../image-access/pull-credentials.ts'
import type { KubeletContext } from '../options.ts'
import type { Pod } from '../pod-types.ts'
import type { Credentials } from './providers.ts'

const NONE: Credentials = { for: async () => [], forget: () => {} }

export function createCredentials(context: KubeletContext): Credentials {
  if (context.options.credentialProviders.settings.length === 0) return NONE
  let loading: Promise<Credentials> | undefined
  const load = () => {
    loading ??= import('./providers.ts').then(({ openCredentials }) => openCredentials(context))
    return loading
  }
  return {
    for: async (pod: Pod, image: string): Promise<readonly PullCredential[]> =>
      (await load()).for(pod, image),
    forget: uid => void loading?.then(credentials => credentials.forget(uid)),
  }
}
