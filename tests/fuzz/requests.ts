/**
 * Random requests about random objects of all kinds, in whichever verb, version, form and subresource, as careless or ill-meaning clients
 * send them: whatever comes, the server answers, and never that something went wrong within itself.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { kinds } from '../../src/api/kinds.ts'
import { type AnyKind, apiVersionOf } from '../../src/api/machinery/kind.ts'
import { isPlainObject, type PlainObject } from '../../src/api/machinery/plain.ts'
import { fullObject } from '../../src/api/machinery/testing.ts'
import { bodyOf, nameOf } from '../../src/apiserver/all-kinds/testing/objects.ts'
import { startTestServer, type TestServer } from '../../src/apiserver/testing.ts'
import type { Log, LogFields } from '../../src/base/log.ts'
import type { Method } from '../../src/client/transport.ts'
import { BELONGINGS, OWNED_DEFINITION } from '../machine/upstream/variants/owned-custom.ts'
import { type Finding, type FuzzOptions, type FuzzResult, MAXIMUM_FINDINGS } from './fuzzer.ts'
import { Dice } from './random.ts'

/** So many requests are about one object, which then goes. */
const STEPS = 12
/** A server keeps the history of what was done to it, so a new one comes after so many objects. */
const LIVES = 150
const LONGEST_ANSWER_MS = 2000
/** Requests that are told of before one that went wrong. */
const SHOWN = 6

const PATCHES = [
  'json-patch+json',
  'merge-patch+json',
  'strategic-merge-patch+json',
  'apply-patch+yaml',
]
const OPERATIONS = ['add', 'replace', 'remove', 'test', 'copy', 'move', 'odd']
const ACCEPTED = [
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
interface Version {
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

interface Asked {
  readonly method: Method
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** `served` are the built-in kinds of the server. */
export async function fuzzRequests(
  { seed, durationMs }: FuzzOptions,
  served: readonly AnyKind[] = kinds,
): Promise<FuzzResult> {
  const dice = new Dice(seed)
  const versions = [...served.filter(({ ephemeral }) => !ephemeral).map(builtIn), ...custom]
  const findings: Finding[] = []
  const endMs = performance.now() + durationMs
  const isOver = () => performance.now() >= endMs || findings.length >= MAXIMUM_FINDINGS
  let runs = 0
  while (!isOver()) {
    const failures = new Failures()
    const server = await serverWith(failures, served)
    for (let lives = 0; lives < LIVES && !isOver(); lives++) {
      const about = dice.pick(versions).resource
      const its = versions.filter(({ resource }) => resource === about)
      const life = new Life(its, { server, failures, dice, number: lives })
      await life.live()
      runs += life.asked.length
      for (const message of failures.taken())
        findings.push({ target: 'requests', what: 'crash', message: `${message}\n${life.end}` })
    }
    await server.server.stop()
  }
  return { runs, findings }
}

async function serverWith(log: Log, served: readonly AnyKind[]): Promise<TestServer> {
  const server = await startTestServer({ log, kinds: served })
  // Who takes part in every pod: without it, admission would wait for its controller.
  const account = { metadata: { name: 'default' } }
  await server.ask('POST', '/api/v1/namespaces/default/serviceaccounts', account)
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  await server.ask('POST', definitions, OWNED_DEFINITION)
  for (const { at } of custom) while ((await server.ask('GET', at)).status !== 200) await sleep(1)
  return server
}

/** A log that keeps what went wrong. */
class Failures implements Log {
  readonly #told: string[] = []

  debug(): void {}
  info(): void {}
  warn(): void {}
  error(message: string, { error }: LogFields & { error?: unknown } = {}): void {
    this.add(`${message}: ${(error as Error | undefined)?.stack ?? String(error)}`)
  }
  with(): Log {
    return this
  }

  add(message: string): void {
    this.#told.push(message)
  }
  get isEmpty(): boolean {
    return this.#told.length === 0
  }
  taken(): string[] {
    return this.#told.splice(0)
  }
}

interface Surroundings {
  readonly server: TestServer
  readonly failures: Failures
  readonly dice: Dice
  readonly number: number
}

/** What is asked about one object, in any of the versions of its kind. */
class Life {
  readonly asked: Asked[] = []
  readonly #server: TestServer
  readonly #failures: Failures
  readonly #dice: Dice
  readonly #name: string
  readonly #versions: readonly Version[]

  constructor(versions: readonly Version[], { server, failures, dice, number }: Surroundings) {
    this.#versions = versions
    this.#server = server
    this.#failures = failures
    this.#dice = dice
    this.#name = (versions[0] as Version).nameOf(number)
  }

  async live(): Promise<void> {
    const first = this.#dice.pick(this.#versions)
    const body = first.valid(this.#name, this.#dice)
    await this.#ask({ method: 'POST', path: `${first.at}?fieldManager=one`, headers: JSON_, body })
    for (let step = 0; step < STEPS && this.#failures.isEmpty; step++) await this.#ask(this.#next())
    const path = `${first.at}/${this.#name}?gracePeriodSeconds=0`
    await this.#ask({ method: 'DELETE', path, headers: JSON_ })
  }

  /** The last requests. */
  get end(): string {
    return this.asked.slice(-SHOWN).map(textOf).join('\n')
  }

  async #ask(asked: Asked): Promise<void> {
    this.asked.push(asked)
    const { method, path, headers, body } = asked
    const cancel = new AbortController()
    const late = sleep(LONGEST_ANSWER_MS, undefined, { signal: cancel.signal }).catch(() => {})
    const answer = this.#server.ask(method, path, body, { headers })
    if (!(await Promise.race([answer, late]))) this.#failures.add('there was no answer')
    cancel.abort()
  }

  #next(): Asked {
    const version = this.#dice.pick(this.#versions)
    const subresource = this.#happens(60) ? '' : this.#dice.pick(['', ...version.subresources])
    const at = `${version.at}/${this.#name}${subresource === '' ? '' : `/${subresource}`}`
    const headers = (type: string) => ({
      accept: this.#dice.pick(ACCEPTED),
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

  #operations(content: PlainObject): unknown {
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
    const valid = this.#happens(70) ? version.valid(this.#name, this.#dice) : {}
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
      name: this.#name,
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

const textOf = ({ method, path, headers, body }: Asked) =>
  `${method} ${path} ${headers['content-type']} ${headers.accept} ${JSON.stringify(body)}`

function builtIn(kind: AnyKind): Version {
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

const custom: readonly Version[] = (BELONGINGS.at(-1)?.collections ?? []).map((at, index) => {
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
})
