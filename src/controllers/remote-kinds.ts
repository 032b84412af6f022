/**
 * The resources of other servers, behind APIServices: just enough of each to ask for its objects, learned by asking what they serve.
 * Nothing tells of what they begin or cease to serve, so they are asked again and again.
 */
import { type ApiService, apiService } from '#api/apiregistration/v1/api-service.ts'
import { type AnyKind, apiVersionOf, defineKind, type Verb } from '#api/machinery/kind.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import type { RoleContext } from '#client/role.ts'
import type { CustomKindsListener } from './custom-kinds.ts'

export interface RemoteDiscovery {
  readonly kinds: readonly AnyKind[]
  /** `example.com/v1` of those that could not be asked. */
  readonly failed: readonly string[]
}

export interface RemoteKinds {
  /** Asks every server now. */
  discover(): Promise<RemoteDiscovery>
  /** As known last. */
  list(): readonly AnyKind[]
  /** Tells whatever comes and goes, as far as it is served for sure. Returns the function that ends it. */
  subscribe(listener: CustomKindsListener): () => void
}

/** Where APIServices are not served, there is no other server. */
export const noRemoteKinds: RemoteKinds = {
  discover: async () => ({ kinds: [], failed: [] }),
  list: () => [],
  subscribe: () => () => {},
}

/** As often as upstream's garbage collector asks. */
const ASK_AGAIN_MS = 30_000

export function followRemoteKinds(context: RoleContext): RemoteKinds {
  const { client, informers } = context
  let known: ReadonlyMap<string, AnyKind> = new Map()
  const discover = async (): Promise<RemoteDiscovery> => {
    const services = informers.for(apiService)
    await services.synced
    const failed: string[] = []
    const found = new Map<string, AnyKind>()
    const remote = services.list().filter(({ spec }) => spec.service)
    remote.sort((a, b) => b.spec.versionPriority - a.spec.versionPriority)
    const answers = await Promise.all(
      remote.map(async service => {
        try {
          return kindsIn(await client.getPath(pathOf(service)), service)
        } catch {
          failed.push(nameOf(service))
          return []
        }
      }),
    )
    // The same objects in several versions are looked at once.
    for (const kind of answers.flat()) {
      const name = `${kind.plural}.${kind.group}`
      if (!found.has(name)) found.set(name, kind)
    }
    return { kinds: [...found.values()], failed: failed.sort() }
  }
  return {
    discover,
    list: () => [...known.values()],
    subscribe(listener) {
      const look = async () => {
        const { kinds, failed } = await discover()
        const next = new Map(kinds.map(kind => [idOf(kind), kind]))
        // What does not answer is not gone: its objects still are somebody's dependents.
        for (const [id, kind] of known) if (failed.includes(apiVersionOf(kind))) next.set(id, kind)
        const before = known
        known = new Map([...next].map(([id, kind]) => [id, before.get(id) ?? kind]))
        for (const [id, kind] of before)
          if (!known.has(id)) {
            listener.removed(kind)
            informers.release(kind)
          }
        for (const [id, kind] of known) if (!before.has(id)) listener.added(kind)
      }
      return repeat(context, look)
    },
  }
}

/** Now, again when an APIService changed, and every half minute while there are any. */
function repeat({ clock, informers }: RoleContext, look: () => Promise<void>): () => void {
  let isOver = false
  let isRunning = false
  let isAgain = false
  let cancel = () => {}
  const run = async () => {
    if (isOver) return
    if (isRunning) {
      isAgain = true
      return
    }
    isRunning = true
    isAgain = false
    cancel()
    // Whatever fails is asked for again.
    await look().catch(() => {})
    isRunning = false
    if (isAgain) return void run()
    const isAny = informers
      .for(apiService)
      .list()
      .some(({ spec }) => spec.service)
    if (isAny && !isOver) cancel = clock.after(ASK_AGAIN_MS, () => void run())
  }
  const changed = ({ spec }: ApiService) => void (spec.service && run())
  const unsubscribe = informers.for(apiService).subscribe({ changed, deleted: changed })
  return () => {
    isOver = true
    cancel()
    unsubscribe()
  }
}

const idOf = (kind: AnyKind) => `${kind.plural} ${apiVersionOf(kind)} ${kind.scope}`
const nameOf = ({ spec: { group = '', version = '' } }: ApiService) => `${group}/${version}`
const pathOf = (service: ApiService) => `/apis/${nameOf(service)}`

/** Out of an APIResourceList. */
function kindsIn(body: unknown, { spec: { group = '', version = '' } }: ApiService): AnyKind[] {
  const rows = isPlainObject(body) && Array.isArray(body.resources) ? body.resources : undefined
  if (!rows) throw new Error('the answer is no list of resources')
  return rows.filter(isPlainObject).flatMap(({ name, kind, namespaced, verbs }) => {
    if (typeof name !== 'string' || typeof kind !== 'string' || name.includes('/')) return []
    const defined = defineKind({
      group,
      version,
      kind,
      plural: name,
      scope: namespaced === true ? 'Namespaced' : 'Cluster',
      shape: { name: `${group}.${version}.${kind}`, doc: '', fields: {} },
    })
    const can = Array.isArray(verbs) ? (verbs as Verb[]) : []
    return [{ ...defined, verbs: can }]
  })
}
