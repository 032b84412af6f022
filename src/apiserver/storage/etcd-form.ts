/**
 * How objects lie in etcd: as upstream's API server stores them, so that an etcd can be taken over from one and given back.
 * Built-in kinds are protobuf in an envelope that names their version; custom resources, their definitions and APIServices
 * are JSON. What lies there may be older than this server, or in another form: whatever upstream would read is read, brought to
 * the version that is worked with here, and gets the defaults it has not.
 */
import { kinds } from '#api/kinds.ts'
import { decodeCbor, isSelfDescribedCbor } from '#api/machinery/cbor.ts'
import { decodeObject } from '#api/machinery/decode.ts'
import { applyDefaults } from '#api/machinery/defaults.ts'
import { parseExact } from '#api/machinery/exact-json.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import {
  decodeObjectProtobuf,
  encodeObjectProtobuf,
  isProtobufBody,
  unwrapProtobuf,
} from '#api/machinery/protobuf-envelope.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { StoredForm } from '#store/etcd/entry.ts'
import { prefixOf, resourcePrefixOf, SERVER_LEASES } from './keys.ts'
import { definitionFromBeta } from './old-definition.ts'
import { encodeValue, objectOfValue } from './stored-object.ts'
import { STORED_VERSIONS } from './stored-versions.ts'

/** Groups that upstream keeps as JSON: their servers have no other form for storage. */
const JSON_GROUPS: ReadonlySet<string> = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io'])

interface Resource {
  /** The kind whose objects the rest of the server sees. */
  readonly kind: AnyKind
  /** The kind that is written to etcd. */
  readonly written: AnyKind
  /** By apiVersion: every kind that may be found there. */
  readonly versions: ReadonlyMap<string, AnyKind>
}

export function etcdForm(log: Log): StoredForm {
  const resources = resourcesOf(kinds)
  const resourceOf = (key: string) => resources.get(resourcePrefixOf(key, resources) ?? '')
  return {
    toEtcd(key, value) {
      const resource = resourceOf(key)
      if (!resource || JSON_GROUPS.has(resource.kind.group)) return value
      const { written } = resource
      const object = objectOfValue(value)
      const shown = written.storedAs ? written.storedAs.fromStored(object) : object
      return encodeObjectProtobuf(written, shown)
    },
    fromEtcd(key, stored) {
      try {
        const resource = resourceOf(key)
        if (resource) return encodeValue(readBuiltIn(resource, stored))
        // Of others only custom resources are looked at.
        return isProtobufBody(stored) ? stored : readCustom(stored)
      } catch (error) {
        // Whoever reads it fails, too, instead of not seeing it at all.
        log.error('a value in etcd cannot be read', { key, error: messageOf(error) })
        return stored
      }
    },
  }
}

function readBuiltIn({ kind, versions }: Resource, stored: Uint8Array): KubernetesObject {
  const isProtobuf = isProtobufBody(stored)
  const parsed = isProtobuf ? undefined : (parsedOf(stored) as KubernetesObject)
  const raw = parsed && definitionFromBeta(parsed)
  const { apiVersion } = raw ?? unwrapProtobuf(stored)
  const found = versions.get(apiVersion)
  if (!found) throw new Error(`${kind.kind} in version ${apiVersion} is not known here`)
  const { object } = decodeObject(found, raw ?? decodeObjectProtobuf(found, stored))
  applyDefaults(found, object)
  return found.storedAs ? found.storedAs.toStored(object) : object
}

/** JSON, or what upstream's gate CBORServingAndStorage makes of it. */
function parsedOf(stored: Uint8Array): unknown {
  return isSelfDescribedCbor(stored) ? decodeCbor(stored) : parseExact(stored)
}

/** Custom resources; brought into the order of fields that this server relies on. */
function readCustom(stored: Uint8Array): Uint8Array {
  const object = parsedOf(stored) as KubernetesObject
  if (typeof object !== 'object' || object === null || typeof object.metadata !== 'object')
    return stored
  return encodeValue(object)
}

function resourcesOf(all: readonly AnyKind[]): Map<string, Resource> {
  const resources = new Map<string, Resource>()
  for (const kind of all) {
    if (kind.ephemeral || kind.storedAs) continue
    const versions = new Map([[apiVersionOf(kind), kind]])
    for (const other of all)
      if (other.storedAs?.kind === kind) versions.set(apiVersionOf(other), other)
    const written = versions.get(STORED_VERSIONS[kind.plural] ?? '') ?? kind
    const resource = { kind, written, versions }
    resources.set(prefixOf(kind), resource)
    if (kind.kind === 'Endpoints') resources.set(SERVER_LEASES, resource)
  }
  return resources
}
