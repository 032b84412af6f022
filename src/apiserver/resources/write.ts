/** What all writes have in common: who writes where, admission, preconditions and the server's own metadata. */

import { reread } from '#api/apiextensions/custom/custom-kind.ts'
import { wrongEntries } from '#api/machinery/apply/apply.ts'
import { isOwnable } from '#api/machinery/apply/ownable.ts'
import { type FieldError, notSupported } from '#api/machinery/field-error.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type {
  KubernetesObject,
  ManagedFieldsEntry,
  OwnerReference,
} from '#api/machinery/metadata.ts'
import { badRequest, conflict, invalid, type ResourceName } from '#api/machinery/status.ts'
import { validateFieldManager } from '#api/machinery/validate-metadata.ts'
import { rfc3339 } from '#base/clock.ts'
import { type Operation, Rounds, runMutations, runValidations } from '../admission/admission.ts'
import type { Eventually } from '../authorization/authorizer.ts'
import type { Exchange } from '../exchange.ts'
import { type Admitted, AdmittedWrite, OPTIONS_KINDS } from './admitted-write.ts'
import { isEqual } from './equal.ts'
import { unownedFields } from './hooks.ts'
import { namespaceOf } from './read.ts'
import type { StoredResource } from './registry.ts'
import { decideWith } from './versions.ts'

export interface Write {
  readonly exchange: Exchange
  readonly resource: StoredResource
  /** '' for cluster-scoped resources. */
  readonly namespace: string
  /** '' on create. */
  readonly name: string
  readonly subresource: string
  readonly dryRun: boolean
  readonly manager: string
  /** Server-side apply brings the managedFields with it, as do a scale and whoever knows them. */
  readonly isApply?: boolean
  /** What a new object was called before somebody outside changed that. */
  readonly askedName?: string
  /** One of many that a request is about, which names none. */
  readonly isOfCollection?: boolean
  /** What leads to it was looked at by admission; this is not. */
  readonly isAdmitted?: boolean
}

/** Longest name of a field manager, as upstream. */
const MAXIMUM_MANAGER_LENGTH = 128

const FIELD_VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn']
/** `errors` are what is wrong with the query by the kind of write. */
export function writeOf(
  exchange: Exchange,
  resource: StoredResource,
  errors: readonly FieldError[] = [],
): Write {
  const { info, request } = exchange
  // Roles in this process mostly ask for nothing.
  if (info.query.size > 0 || errors.length > 0)
    checkOptions(info.query, OPTIONS_KINDS[info.verb], errors)
  return {
    exchange,
    resource,
    namespace: namespaceOf(exchange, resource),
    name: info.rest[0] ?? '',
    subresource: info.subresource,
    dryRun: info.query.getAll('dryRun').includes('All'),
    manager: managerOf(info.query.get('fieldManager'), request.headers?.['user-agent']),
  }
}

/**
 * All that is wrong with the query of a write at once, after what is wrong by the kind of write. `kind` is undefined for
 * deletions, which have fewer options.
 */
function checkOptions(
  query: URLSearchParams,
  kind: string | undefined,
  more: readonly FieldError[],
): void {
  const errors = [...more]
  if (kind) errors.push(...validateFieldManager('fieldManager', query.get('fieldManager') ?? ''))
  errors.push(...wrongDryRun(query.getAll('dryRun')))
  if (kind) {
    const validation = query.get('fieldValidation') ?? ''
    if (!FIELD_VALIDATIONS.includes(validation))
      errors.push(notSupported('fieldValidation', validation, FIELD_VALIDATIONS))
  }
  if (errors.length > 0)
    throw invalid({ group: 'meta.k8s.io', kind: kind ?? 'DeleteOptions' }, '', errors)
}

export function wrongDryRun(values: readonly string[]): FieldError[] {
  return values.every(value => value === 'All') ? [] : [notSupported('dryRun', values, ['All'])]
}

/** Of options that are checked. */
export function isDryRun(values: readonly string[]): boolean {
  return values.includes('All')
}

function managerOf(asked: string | null, userAgent = 'unknown'): string {
  return asked || printable(userAgent.split('/')[0] ?? '').slice(0, MAXIMUM_MANAGER_LENGTH)
}

function printable(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  return [...text].filter(letter => validateFieldManager('', letter).length === 0).join('')
}

/** Lets admission fill in the draft. True when somebody outside changed it, who need not have kept to any rule. */
export function mutate(
  write: Write,
  draft: KubernetesObject,
  oldObject?: KubernetesObject,
  kind?: AnyKind,
): Eventually<boolean> {
  const { admission } = write.exchange.server
  if (admission.length === 0) return false
  const rounds = new Rounds()
  const objects = { object: draft, oldObject }
  const operation = oldObject ? 'UPDATE' : 'CREATE'
  const request = new AdmittedWrite(write, operation, objects, { rounds, kind })
  const { managedFields } = draft.metadata
  const running = runMutations(admission, request, draft)
  const finish = () => {
    if (rounds.hasChanged) checkOwners(write, draft, managedFields)
    return rounds.hasChanged
  }
  return running instanceof Promise ? running.then(finish) : finish()
}

/** Owners of fields that make no sense give way to those that there were. */
function checkOwners(
  { exchange }: Write,
  { metadata }: KubernetesObject,
  before: readonly ManagedFieldsEntry[] | undefined,
): void {
  const why = wrongEntries(metadata.managedFields)
  if (why === undefined) return
  exchange.warnings.push(
    `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${why}`,
  )
  if (before) metadata.managedFields = [...before]
  else delete metadata.managedFields
}

/** Lets admission refuse what would be stored or deleted. */
export function admit(
  write: Write,
  operation: Operation,
  objects: Admitted,
  kind: AnyKind = write.resource.kind,
): Eventually<void> {
  const { admission } = write.exchange.server
  if (admission.length === 0) return
  return runValidations(admission, new AdmittedWrite(write, operation, objects, { kind }))
}

export interface Preconditions {
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

export function checkPreconditions(
  of: ResourceName,
  name: string,
  current: KubernetesObject,
  { uid, resourceVersion }: Preconditions,
): void {
  const { uid: itsUid = '', resourceVersion: itsVersion = '' } = current.metadata
  if (uid && uid !== itsUid)
    throw conflict(
      of,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${itsUid}`,
    )
  if (resourceVersion && resourceVersion !== itsVersion)
    throw conflict(
      of,
      name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${itsVersion}`,
    )
}

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again'

export function checkNamespace(write: Write, draft: KubernetesObject): void {
  const { metadata } = draft
  if (write.resource.kind.scope === 'Cluster') {
    delete metadata.namespace
    return
  }
  if (metadata.namespace && metadata.namespace !== write.namespace)
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  metadata.namespace = write.namespace
}

/** An owner that is named twice is one; the client is told. `when` says after what. */
export function dropRepeatedOwners(write: Write, draft: KubernetesObject, when = ''): void {
  const { ownerReferences: owners = [] } = draft.metadata
  if (owners.length < 2) return
  const kept = new Map<string, OwnerReference[]>()
  const repeated: OwnerReference[] = []
  for (const owner of owners) {
    const alike = kept.get(owner.uid) ?? []
    if (alike.some(each => isEqual(each, owner))) repeated.push(owner)
    else kept.set(owner.uid, [...alike, owner])
  }
  if (repeated.length === 0) return
  draft.metadata.ownerReferences = owners.filter(owner => !repeated.includes(owner))
  const uids = repeated.map(({ uid }) => uid).join(', ')
  const warning = `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids}`
  const { warnings } = write.exchange
  if (!warnings.includes(warning)) warnings.push(warning)
}

/**
 * What is stored of a draft. Custom resources are written in the version in which they come until here. What was applied or sized was not decoded as a
 * body is: upstream shows what it would read back, with defaults and without nulls where none are allowed.
 */
export function storedForm({ resource, isApply }: Write, draft: KubernetesObject) {
  const { kind, view, storage } = resource
  const whole = kind.custom && isApply ? reread(kind, draft) : draft
  const apiVersion = apiVersionOf(storage.kind)
  if (!view.own || whole.apiVersion === apiVersion) return whole
  // Whoever reads it finds what the stored version has as defaults, whatever the converter knew.
  const filled = (converted: KubernetesObject) => {
    storage.kind.defaults(converted)
    return converted
  }
  const converted = view.own.convert(whole, apiVersion)
  return converted instanceof Promise ? converted.then(filled) : filled(converted)
}

export const nowOf = (write: Write): string => rfc3339(write.exchange.server.clock.now())

/** A new object's status is not its creator's to own. */
function withoutStatus(draft: KubernetesObject): KubernetesObject {
  const { status: _, ...rest } = draft as KubernetesObject & { status?: unknown }
  return rest
}

/** Updates managedFields by what this write changed. */
export function trackFields(
  write: Write,
  previous: KubernetesObject | undefined,
  draft: KubernetesObject,
): Promise<void> | undefined {
  if (write.isApply) return
  // Of a new object all that was sent counts.
  if (!previous && !canBeOwned(write, draft)) {
    delete draft.metadata.managedFields
    return
  }
  const finish = (entries: readonly ManagedFieldsEntry[] | undefined) => {
    if (entries && entries.length > 0) draft.metadata.managedFields = [...entries]
    else delete draft.metadata.managedFields
  }
  const deciding = ownersAfter(write, previous, draft)
  if (deciding instanceof Promise) return deciding.then(finish)
  finish(deciding)
}

/** Whether anybody can own the fields of the draft, as it was sent. */
export function canBeOwned({ resource }: Write, draft: KubernetesObject): boolean {
  const { kind, fromStored } = resource.view
  return !kind.custom || isOwnable(kind, fromStored?.(draft) ?? draft)
}

/** Who owns which fields of the draft once it is written. */
export function ownersAfter(
  write: Write,
  previous: KubernetesObject | undefined,
  draft: KubernetesObject,
): Eventually<readonly ManagedFieldsEntry[] | undefined> {
  const { manager, subresource } = write
  const { server } = write.exchange
  const { kind, fromStored } = write.resource.view
  const isStatusDropped = previous === undefined && kind.subresources.status === true
  const next = (object: KubernetesObject) => (isStatusDropped ? withoutStatus(object) : object)
  const shown = (object: KubernetesObject) => fromStored?.(object) ?? object
  // A manager owns fields of the version in which it writes.
  const from = previous && shown(previous)
  const to = next(shown(draft))
  const unowned = unownedFields(write.resource, subresource, draft)
  const writer = { manager, subresource, time: nowOf(write), unowned }
  return decideWith(server, write.resource, versions =>
    server.fieldManagement.track(kind, from, to, { ...writer, versions }),
  )
}
