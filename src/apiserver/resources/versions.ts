/** The versions of a resource, for owners of fields that wrote in another one than whoever writes now. */
import type { Versions } from '#api/machinery/apply/versions.ts'
import { decodeObject } from '#api/machinery/decode.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import type { ServerContext } from '../server-context.ts'
import type { StoredResource } from './registry.ts'

export function versionsOf(
  { webhooks }: Pick<ServerContext, 'webhooks'>,
  resource: StoredResource,
): Versions {
  const { storage, view } = resource
  // Looked up when somebody asks: mostly all owners wrote in the same version.
  const find = (apiVersion: string) =>
    webhooks.equivalents(resource).find(({ kind }) => apiVersionOf(kind) === apiVersion)
  const isStored = (apiVersion: string) => apiVersion === apiVersionOf(storage.kind)
  return {
    kindOf: apiVersion =>
      find(apiVersion)?.kind ?? (isStored(apiVersion) ? storage.kind : undefined),
    convert(object, apiVersion) {
      if (object.apiVersion === apiVersion) return object
      // A webhook cannot be asked in the middle of a decision.
      if (view.own) return view.own.isConverted ? undefined : { ...object, apiVersion }
      const from = find(object.apiVersion)
      // An apply sees null and what is empty; conversions see what every object of the kind shows, and no more.
      const { object: whole } = decodeObject(from?.kind ?? storage.kind, object)
      const stored = from?.view.toStored?.(whole) ?? whole
      return isStored(apiVersion) ? stored : find(apiVersion)?.view.fromStored?.(stored)
    },
  }
}
