/** All programs that know how to pull images, asked for those that they are there for. */
import { messageOf } from '#base/errors.ts'
import type { PullCredential } from '../image-access/pull-credentials.ts'
import type { KubeletContext } from '../options.ts'
import type { Pod } from '../pod-types.ts'
import { Tokens } from '../volumes/tokens.ts'
import type { ProviderSettings } from './configuration.ts'
import { repositoryOf } from './image-match.ts'
import { Provider, type RunProgram } from './provider.ts'

export interface CredentialProviders {
  readonly settings: readonly ProviderSettings[]
  readonly binDirectory: string
  readonly run: RunProgram
}

export interface Credentials {
  /** What they know for an image, the most particular first. */
  for(pod: Pod, image: string): Promise<readonly PullCredential[]>
  /** The pod is gone. */
  forget(uid: string): void
}

/** One that fails is told of, and passed over. */
export function openCredentials(context: KubeletContext): Credentials {
  const { client, clock, log, options } = context
  const { settings, binDirectory, run } = options.credentialProviders
  const tokens = new Tokens(client, clock)
  const providers = settings.map(
    each => new Provider(each, { binDirectory, run, client, clock, tokens }),
  )
  const errors = options.figures.counter(
    'kubelet_credential_provider_plugin_errors_total',
    'How often a program that was asked for credentials failed',
    ['plugin_name'],
  )
  const durations = options.figures.histogram(
    'kubelet_credential_provider_plugin_duration_seconds',
    'How long programs took that were asked for credentials',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    ['plugin_name'],
  )
  return {
    async for(pod: Pod, image: string): Promise<readonly PullCredential[]> {
      const repository = repositoryOf(image)
      const found = providers.map(async provider => {
        const started = clock.monotonicMs()
        try {
          return await provider.credentialsFor(pod, repository)
        } catch (error) {
          errors.add([provider.name])
          log.warn('a credential provider failed', {
            ...{ provider: provider.name, image: repository, error: messageOf(error) },
          })
          return []
        } finally {
          durations.observe([provider.name], (clock.monotonicMs() - started) / 1000)
        }
      })
      return (await Promise.all(found))
        .flat()
        .toSorted((a, b) => b.pattern.length - a.pattern.length)
        .map(({ credential }) => credential)
    },
    forget: (uid: string) => tokens.forget(uid),
  }
}
