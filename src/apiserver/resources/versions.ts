/** The versions of a resource, for owners of fields that wrote in another one than whoever writes now. */
import { bare, type Versions } from '#api/machinery/apply/versions.ts'
import { decodeObject } from '#api/machinery/decode.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { Eventually } from '../authorization/authorizer.ts'
import type { ServerContext } from '../server-context.ts'
import type { OwnVersion } from '../storage/view.ts'
import type { StoredResource } from './registry.ts'

type Server = Pick<ServerContext, 'webhooks'>

/**
 * Decides who owns what. Deciding takes no time, but what an object looks like in another version may be known to a webhook alone: that is asked for,
 * and decided anew once it has answered. Mostly all owners wrote in one version, and it is not asked.
 */
export function decideWith<T>(
  server: Server,
  resource: StoredResource,
  decide: (versions: Versions) => T,
): Eventually<T> {
  const versions = versionsOf(server, resource)
  const { own } = resource.view
  if (!own?.isConverted) return decide(versions)
  const { kindOf } = versions
  const answers = new Answers()
  const again = (): Eventually<T> => {
    try {
      return decide({ kindOf, convert: (object, version) => answers.find(object, version) })
    } catch (thrown) {
      if (!(thrown instanceof Unknown)) throw thrown
      return answers.ask(thrown, own).then(again)
    }
  }
  return again()
}

/** What a decision needs to know first. */
class Unknown extends Error {
  readonly object: KubernetesObject
  readonly apiVersion: string

  constructor(object: KubernetesObject, apiVersion: string) {
    super(`not known in ${apiVersion}`)
    this.object = object
    this.apiVersion = apiVersion
  }
}

/** By content, for each time that it is decided the objects are others. */
class Answers {
  readonly #known = new Map<string, KubernetesObject>()

  find(object: KubernetesObject, apiVersion: string): KubernetesObject {
    if (object.apiVersion === apiVersion) return object
    const asked = bare(object)
    const answer = this.#known.get(keyOf(asked, apiVersion))
    if (!answer) throw new Unknown(asked, apiVersion)
    return answer
  }

  async ask({ object, apiVersion }: Unknown, own: OwnVersion): Promise<void> {
    this.#known.set(keyOf(object, apiVersion), await own.convert(object, apiVersion))
  }
}

const keyOf = (object: KubernetesObject, apiVersion: string) =>
  `${apiVersion} ${JSON.stringify(object)}`

export function versionsOf({ webhooks }: Server, resource: StoredResource): Versions {
  const { storage, view } = resource
  // Looked up when somebody asks: mostly all owners wrote in the same version.
  const find = (apiVersion: string) =>
    webhooks.equivalents(resource).find(({ kind }) => apiVersionOf(kind) === apiVersion)
  const isStored = (apiVersion: string) => apiVersion === apiVersionOf(storage.kind)
  return {
    kindOf(apiVersion) {
      // Of those that definitions declare some may not be served, and one that went is missed.
      if (view.own) return view.own.kindOf(apiVersion)
      return find(apiVersion)?.kind ?? (isStored(apiVersion) ? storage.kind : undefined)
    },
    convert(object, apiVersion) {
      if (object.apiVersion === apiVersion) return object
      // A webhook cannot be asked at once.
      if (view.own) return view.own.isConverted ? undefined : { ...object, apiVersion }
      const from = find(object.apiVersion)
      // An apply sees null and what is empty; conversions see what every object of the kind shows, and no more.
      const { object: whole } = decodeObject(from?.kind ?? storage.kind, object)
      const stored = from?.view.toStored?.(whole) ?? whole
      return isStored(apiVersion) ? stored : find(apiVersion)?.view.fromStored?.(stored)
    },
  }
}
