/** What careless or ill-meaning clients do to an object of any kind: random requests in whichever verb, version, form and subresource. */
import { type AnyKind, apiVersionOf } from '../../src/api/machinery/kind.ts'
import { isPlainObject, type PlainObject } from '../../src/api/machinery/plain.ts'
import { fullObject } from '../../src/api/machinery/testing.ts'
import { bodyOf, nameOf } from '../../src/apiserver/all-kinds/testing/objects.ts'
import type { Method } from '../../src/client/transport.ts'
import { BELONGINGS } from '../machine/upstream/variants/owned-custom.ts'
import type { Dice } from './random.ts'

const PATCHES = [
  'json-patch+json',
  'merge-patch+json',
  'strategic-merge-patch+json',
  'apply-patch+yaml',
]
const OPERATIONS = ['add', 'replace', 'remove', 'test', 'copy', 'move', 'odd']
export const FORMS = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/cbor',
  'application/json;as=Table;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
]
const MANAGERS = ['one', 'kubectl', 'kubectl-client-side-apply']
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
/** What stands in the place of something, whatever that was. */
const ODD: readonly unknown[] = [
  null,
  '',
  'a',
  '1',
  '-1',
  '1Gi',
  '2026-01-02T03:04:05Z',
  'ü/\u0000"\\{{}}$(A)',
  0,
  1,
  -1,
  1.5,
  2 ** 31,
  true,
  false,
  [],
  [null],
  [[]],
  [{}],
  {},
  { '': '' },
  { a: null },
  { __proto: 1, constructor: { prototype: null } },
]

/** One version of a kind, and what its objects are made of. */
export interface Version {
  readonly resource: string
  readonly apiVersion: string
  readonly kind: string
  /** Path of the collection. */
  readonly at: string
  readonly isNamespaced: boolean
  readonly subresources: readonly string[]
  nameOf(number: number): string
  valid(name: string, dice: Dice): PlainObject
  full(dice: Dice): PlainObject
}

export interface Asked {
  readonly method: Method
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: object
}

/** What is asked about one object, in any of the versions of its kind. */
export class Life {
  readonly #dice: Dice
  readonly #versions: readonly Version[]
  readonly #forms: readonly string[]
  readonly name: string

  /** `forms` are those in which answers are wanted. */
  constructor(versions: readonly Version[], dice: Dice, number: number, forms = FORMS) {
    this.#forms = forms
    this.#versions = versions
    this.#dice = dice
    this.name = (versions[0] as Version).nameOf(number)
  }

  /** Where it is in the first of its versions. */
  get path(): string {
    return `${this.#versions[0]?.at}/${this.name}`
  }

  first(): Asked {
    const version = this.#dice.pick(this.#versions)
    const body = version.valid(this.name, this.#dice)
    return { method: 'POST', path: `${version.at}?fieldManager=one`, headers: JSON_, body }
  }

  last(): Asked {
    return { method: 'DELETE', path: `${this.path}?gracePeriodSeconds=0`, headers: JSON_ }
  }

  next(): Asked {
    const version = this.#dice.pick(this.#versions)
    const subresource = this.#happens(60) ? '' : this.#dice.pick(['', ...version.subresources])
    const at = `${version.at}/${this.name}${subresource === '' ? '' : `/${subresource}`}`
    const headers = (type: string) => ({
      accept: this.#dice.pick(this.#forms),
      'content-type': `application/${type}`,
    })
    if (this.#happens(15)) return { method: 'GET', path: at, headers: headers('json') }
    if (this.#happens(10)) return { method: 'GET', path: version.at, headers: headers('json') }
    const body = this.#content(version, subresource)
    if (this.#happens(20))
      return {
        method: 'POST',
        path: `${version.at}?${this.#query()}`,
        headers: headers('json'),
        body,
      }
    const path = `${at}?${this.#query()}`
    if (this.#happens(25)) return { method: 'PUT', path, headers: headers('json'), body }
    const type = this.#dice.pick(PATCHES)
    const patch = type === 'json-patch+json' ? this.#operations(body) : body
    return { method: 'PATCH', path, headers: headers(type), body: patch }
  }

  #query(): string {
    const parts = [`fieldManager=${this.#dice.pick(MANAGERS)}`]
    if (this.#happens(50)) parts.push('force=true')
    if (this.#happens(20)) parts.push('dryRun=All')
    if (this.#happens(30)) parts.push(`fieldValidation=${this.#dice.pick(['Strict', 'Ignore'])}`)
    return parts.join('&')
  }

  #operations(content: PlainObject): object[] {
    return Array.from({ length: 1 + this.#dice.below(3) }, () => ({
      op: this.#dice.pick(OPERATIONS),
      path: this.#pathIn(content),
      from: this.#pathIn(content),
      value: this.#dice.pick(ODD),
    }))
  }

  #pathIn(value: unknown): string {
    if (Array.isArray(value)) return `/0${this.#pathIn(value[0])}`
    if (!isPlainObject(value) || this.#happens(20)) return ''
    const names = Object.keys(value)
    if (names.length === 0) return '/-'
    const name = this.#dice.pick(names)
    return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}${this.#pathIn(value[name])}`
  }

  /** Some of all fields, a few of them odd; mostly over what is valid. */
  #content(version: Version, subresource: string): PlainObject {
    const { apiVersion, kind, isNamespaced } = version
    const valid = this.#happens(70) ? version.valid(this.name, this.#dice) : {}
    const some = this.#someOf(version.full(this.#dice), this.#dice.pick([5, 20, 60]))
    const { status, metadata, ...rest } = this.#laidOver(valid, isPlainObject(some) ? some : {})
    const withStatus = subresource === 'status' || this.#happens(10)
    return {
      apiVersion,
      kind,
      metadata: this.#metadata(isPlainObject(metadata) ? metadata : {}, isNamespaced, valid),
      ...rest,
      ...(withStatus ? { status } : {}),
    }
  }

  /** With what makes it the object that is meant, and mostly without what forbids most writes. */
  #metadata(some: PlainObject, isNamespaced: boolean, valid: PlainObject): PlainObject {
    const hindering = ['resourceVersion', 'uid', 'deletionTimestamp', 'finalizers', 'managedFields']
    const kept = Object.entries(some).filter(
      ([name]) => !hindering.includes(name) || this.#happens(10),
    )
    const applied = { [LAST_APPLIED]: JSON.stringify(valid), empty: null }
    return {
      ...Object.fromEntries(kept),
      name: this.name,
      ...(isNamespaced ? { namespace: 'default' } : {}),
      ...(this.#happens(10) ? { annotations: applied } : {}),
    }
  }

  #someOf(value: unknown, percent: number): unknown {
    if (this.#happens(3)) return this.#dice.pick(ODD)
    if (Array.isArray(value)) {
      const items = value.map(item => this.#someOf(item, percent))
      return this.#happens(10) ? [...items, ...items] : items
    }
    if (!isPlainObject(value)) return value
    const kept = Object.entries(value).filter(() => this.#happens(percent))
    return Object.fromEntries(kept.map(([name, part]) => [name, this.#someOf(part, percent)]))
  }

  #laidOver(valid: PlainObject, some: PlainObject): PlainObject {
    const laid: PlainObject = { ...valid }
    for (const [name, part] of Object.entries(some)) {
      const before = Object.hasOwn(valid, name) ? valid[name] : undefined
      if (isPlainObject(before) && isPlainObject(part)) laid[name] = this.#laidOver(before, part)
      // What is valid mostly stays so.
      else if (before === undefined || this.#happens(20)) laid[name] = part
    }
    return laid
  }

  #happens(percent: number): boolean {
    return this.#dice.below(100) < percent
  }
}

const JSON_ = { accept: 'application/json', 'content-type': 'application/json' }

export const textOf = ({ method, path, headers, body }: Asked) =>
  `${method} ${path} ${headers['content-type']} ${headers.accept} ${JSON.stringify(body)}`

export function builtIn(kind: AnyKind): Version {
  const { group, scope, plural } = kind
  const apiVersion = apiVersionOf(kind)
  const root = group ? `/apis/${apiVersion}` : '/api/v1'
  const isNamespaced = scope === 'Namespaced'
  const full = fullObject(kind.shape) as PlainObject
  return {
    resource: `${plural}.${group}`,
    apiVersion,
    kind: kind.kind,
    at: `${root}${isNamespaced ? '/namespaces/default' : ''}/${plural}`,
    isNamespaced,
    subresources: Object.keys(kind.subresources),
    nameOf: number => nameOf(kind, number),
    valid: name => bodyOf(kind, name),
    full: () => full,
  }
}

export const custom: readonly Version[] = (BELONGINGS.at(-1)?.collections ?? []).map(
  (at, index) => {
    const { apiVersions, kind, contents } = BELONGINGS.at(-1) as (typeof BELONGINGS)[number]
    const apiVersion = apiVersions[index] as string
    const content = (dice: Dice) => contents[index]?.(dice, 'whole') as PlainObject
    return {
      resource: 'belongings.owned.example.com',
      apiVersion,
      kind,
      at,
      isNamespaced: true,
      subresources: ['status', 'scale'],
      nameOf: number => `web-${number}`,
      valid: (name, dice) => ({ apiVersion, kind, metadata: { name }, ...content(dice) }),
      full: content,
    }
  },
)
