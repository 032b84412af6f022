/**
 * Which of the built-in kinds are served, in the words of `--runtime-config`. Stable versions are served by default, alpha and
 * beta ones where somebody asks for them. The narrowest word wins: a resource, its version, `api/alpha`, `api/beta` or
 * `api/ga`, then `api/all`.
 */
import { UserError } from '#base/errors.ts'
import { type AnyKind, apiVersionOf } from './machinery/kind.ts'

type Stability = 'ga' | 'beta' | 'alpha'

/** What was said of each word, such as `resource.k8s.io/v1beta1` or `api/alpha`. */
export type RuntimeConfig = ReadonlyMap<string, boolean>

const STABILITIES: readonly Stability[] = ['ga', 'beta', 'alpha']
const WHOLE = ['api/all', ...STABILITIES.map(stability => `api/${stability}`)]

/** Reads `api/alpha=true,resource.k8s.io/v1beta1`; a word without a value means true. Throws a UserError. */
export function parseRuntimeConfig(text: string): RuntimeConfig {
  const config = new Map<string, boolean>()
  for (const part of text.split(',').map(part => part.trim())) {
    if (part === '') continue
    const [name = '', value = 'true'] = part.split('=')
    if (value !== 'true' && value !== 'false')
      throw new UserError(`--runtime-config ${name} is true or false, not "${value}"`)
    config.set(name, value === 'true')
  }
  return config
}

/** Those of `kinds` that are served, in their order. Throws a UserError for words that name nothing. */
export function servedKinds(kinds: readonly AnyKind[], config: RuntimeConfig): AnyKind[] {
  refuseUnknown(kinds, config)
  return kinds.filter(kind => {
    const version = apiVersionOf(kind)
    const stability = stabilityOf(kind.version)
    return (
      config.get(`${version}/${kind.plural}`) ??
      config.get(version) ??
      config.get(`api/${stability}`) ??
      config.get('api/all') ??
      stability === 'ga'
    )
  })
}

function refuseUnknown(kinds: readonly AnyKind[], config: RuntimeConfig): void {
  const known = new Set([
    ...WHOLE,
    ...kinds.flatMap(kind => [apiVersionOf(kind), `${apiVersionOf(kind)}/${kind.plural}`]),
  ])
  const unknown = [...config.keys()].filter(name => !known.has(name))
  if (unknown.length > 0)
    throw new UserError(
      `--runtime-config names what there is not: ${unknown.join(', ')}; it takes ${WHOLE.join(', ')}, GROUP/VERSION or GROUP/VERSION/RESOURCE`,
    )
}

function stabilityOf(version: string): Stability {
  if (version.includes('alpha')) return 'alpha'
  return version.includes('beta') ? 'beta' : 'ga'
}
