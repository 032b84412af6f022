/** A write as admission sees it. Made twice for each, so it costs as little as an object can: what few ask for is made for them. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { AdmissionRequest, Operation, Rounds } from '../admission/admission.ts'
import { noted, spent } from '../audit/notes.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { ServedResource } from './registry.ts'
import type { Write } from './write.ts'

/** The kind of the options of a write by the verb of the request. */
export const OPTIONS_KINDS: Readonly<Record<string, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
}

export interface Admitted {
  readonly object?: KubernetesObject | undefined
  readonly oldObject?: KubernetesObject | undefined
  /** Where they are not those of the query. */
  readonly options?: object
}

interface More {
  /** Where it is not that of the resource. */
  readonly kind?: AnyKind | AdmissionRequest['kind'] | undefined
  readonly rounds?: Rounds
}

export class AdmittedWrite implements AdmissionRequest {
  readonly operation: Operation
  readonly kind: AdmissionRequest['kind']
  readonly resource: AdmissionRequest['resource']
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly object: KubernetesObject | undefined
  readonly oldObject: KubernetesObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly rounds: Rounds | undefined
  readonly #kind: AnyKind | AdmissionRequest['kind']
  readonly #write: Write
  readonly #options: object | undefined

  constructor(write: Write, operation: Operation, objects: Admitted, more: More = {}) {
    const { exchange, resource, namespace, subresource, name, dryRun } = write
    const { object, oldObject } = objects
    const ownName = write.isOfCollection
      ? ''
      : name || (write.askedName ?? (object ?? oldObject)?.metadata?.name ?? '')
    this.operation = operation
    this.kind = nameOfKind(more.kind ?? resource.kind)
    this.#kind = more.kind ?? resource.kind
    this.resource = nameOf(resource)
    this.subresource = subresource
    this.namespace = isNamespaces(this.resource) ? ownName : namespace
    this.name = ownName
    this.object = object
    this.oldObject = oldObject
    this.user = exchange.user
    this.dryRun = dryRun
    this.rounds = more.rounds
    this.#write = write
    this.#options = objects.options
  }

  get objectKind(): AnyKind | undefined {
    return 'shape' in this.#kind ? this.#kind : undefined
  }
  /** Asked for by webhooks only, of which there are mostly none. */
  get options(): object | undefined {
    if (this.operation === 'CONNECT') return undefined
    return this.#options ?? optionsOf(this.#write, this.operation)
  }
  warn(text: string): void {
    this.#write.exchange.warnings.push(text)
  }
  annotate(key: string, value: string, level: 'Metadata' | 'Request' = 'Metadata'): void {
    const { exchange } = this.#write
    if (this.audits(level)) exchange.auditAnnotations = noted(exchange.auditAnnotations, key, value)
  }
  audits(level: 'Metadata' | 'Request'): boolean {
    return this.#write.exchange.audit?.tells(level) ?? false
  }
  took(what: string, ms: number): void {
    const { exchange } = this.#write
    if (exchange.audit) exchange.latenciesMs = spent(exchange.latenciesMs, what, ms)
  }
}

const isNamespaces = ({ group, resource }: AdmissionRequest['resource']) =>
  group === '' && resource === 'namespaces'

const kindNames = new WeakMap<AdmissionRequest['kind'], AdmissionRequest['kind']>()
const resourceNames = new WeakMap<ServedResource, AdmissionRequest['resource']>()

function nameOfKind(of: AdmissionRequest['kind']): AdmissionRequest['kind'] {
  let name = kindNames.get(of)
  if (!name) {
    const { group, version, kind } = of
    name = Object.freeze({ group, version, kind })
    kindNames.set(of, name)
  }
  return name
}

function nameOf(of: ServedResource): AdmissionRequest['resource'] {
  let name = resourceNames.get(of)
  if (!name) {
    const { group, version } = of.kind
    name = Object.freeze({ group, version, resource: of.name.resource })
    resourceNames.set(of, name)
  }
  return name
}

/** The options of a write as an object, which is how webhooks see them; those of a patch as of the update that it leads to. */
function optionsOf({ exchange, dryRun }: Write, operation: Operation): object {
  const { query } = exchange.info
  const kind = OPTIONS_KINDS[operation.toLowerCase()]
  const given = (name: string) => {
    const value = query.get(name)
    return value ? { [name]: value } : {}
  }
  return {
    kind: kind ?? 'DeleteOptions',
    apiVersion: 'meta.k8s.io/v1',
    ...(dryRun ? { dryRun: ['All'] } : {}),
    ...given('fieldManager'),
    ...given('fieldValidation'),
  }
}
