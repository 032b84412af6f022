/** What a body says it is, held against what it is to be read as. Upstream reads it as the former, and converts it. */

import { tokenRequest } from '#api/authentication/v1/token-request.ts'
import { scale } from '#api/autoscaling/v1/scale.ts'
import { binding } from '#api/core/v1/binding.ts'
import { kinds } from '#api/kinds.ts'
import { checkTypeMeta, decodeObject } from '#api/machinery/decode.ts'
import { goQuote } from '#api/machinery/go-quote.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { PlainObject } from '#api/machinery/plain.ts'
import { badRequest, isStatus } from '#api/machinery/status.ts'
import { eviction } from '#api/policy/v1/eviction.ts'
import { goTypeOf } from '../go-types.ts'

/** Groups that are served by servers of their own, which know nothing of the kinds of others. */
const APART = ['apiextensions.k8s.io', 'apiregistration.k8s.io']
/** Of subresources, which are no kinds of stored objects. */
const BESIDE: readonly AnyKind[] = [binding, eviction, scale, tokenRequest]
/** In each version of each group. */
const OPTIONS = ['Create', 'Delete', 'Get', 'List', 'Patch', 'Update'].map(each => `${each}Options`)
/** What all servers know. */
const COMMON = ['Status', 'APIVersions', 'APIGroup', 'APIGroupList', 'APIResourceList']

/** By the version and the name; undefined stands for what no body is read as. */
type Registered = ReadonlyMap<string, AnyKind | undefined>
const registries = new Map<string, Registered>()

/** All that the server of a group knows. */
function registeredBeside(group: string): Registered {
  const server = APART.includes(group) ? group : ''
  const known = registries.get(server)
  if (known) return known
  const its = [...kinds, ...BESIDE].filter(each =>
    server === '' ? !APART.includes(each.group) : each.group === server,
  )
  const registered = new Map<string, AnyKind | undefined>()
  for (const name of COMMON) registered.set(`v1 ${name}`, undefined)
  if (server === '') registered.set('v1 List', undefined)
  for (const kind of its) {
    const apiVersion = apiVersionOf(kind)
    for (const name of [kind.listKind, 'WatchEvent', ...OPTIONS])
      registered.set(`${apiVersion} ${name}`, undefined)
  }
  for (const kind of its) registered.set(`${apiVersionOf(kind)} ${kind.kind}`, kind)
  registries.set(server, registered)
  return registered
}

/** Whether the server of a group knows the kind. */
export const isRegistered = (group: string, apiVersion: string, kind: string): boolean =>
  registeredBeside(group).has(`${apiVersion} ${kind}`)

export const conversionFailed = (wanted: AnyKind, apiVersion: string, kind: string) =>
  `converting (${versionOf(apiVersion)}.${kind}) to (${goTypeOf(wanted, wanted.kind).slice(1)}): unknown conversion`

const versionOf = (apiVersion: string) => apiVersion.slice(apiVersion.lastIndexOf('/') + 1)

/** Throws BadRequest where the body is of another kind or version than `wanted`. */
export function checkBodyType(wanted: AnyKind, value: PlainObject): void {
  if (!wanted.custom) checkConvertible(wanted, value)
  if (value.apiVersion === '' && wanted.custom)
    throw badRequest(
      `the API version in the data () does not match the expected API version (${apiVersionOf(wanted)})`,
    )
  checkTypeMeta(wanted, value)
}

function checkConvertible(wanted: AnyKind, value: PlainObject): void {
  const apiVersion = `${value.apiVersion || apiVersionOf(wanted)}`
  const kind = `${value.kind || wanted.kind}`
  if (apiVersion === apiVersionOf(wanted) && kind === wanted.kind) return
  const refuse = (why: string) =>
    badRequest(
      `${kind} in version ${goQuote(versionOf(apiVersion))} cannot be handled as a ${wanted.kind}: ${why}`,
    )
  if (!isRegistered(wanted.group, apiVersion, kind))
    throw refuse(
      `no kind ${goQuote(kind)} is registered for version ${goQuote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  const told = registeredBeside(wanted.group).get(`${apiVersion} ${kind}`)
  if (told) checkReadable(told, value, refuse)
  if (!told || goTypeOf(told, told.kind) !== goTypeOf(wanted, wanted.kind))
    throw refuse(conversionFailed(wanted, apiVersion, kind))
}

/** It is read as what it says before anything else is made of it. */
function checkReadable(kind: AnyKind, value: PlainObject, refuse: (why: string) => Error): void {
  try {
    decodeObject(kind, value)
  } catch (thrown) {
    if (!isStatus(thrown, 'BadRequest')) throw thrown
    throw refuse(whyUnread(kind, thrown.message))
  }
}

/** What was wrong, without the words around it that are for whole bodies. */
export const whyUnread = ({ kind, version }: AnyKind, message: string) =>
  message.replace(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: `,
    '',
  )
