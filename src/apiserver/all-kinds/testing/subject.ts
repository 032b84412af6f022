/** One kind in one version, and short ways to do to its objects what clients do. */
import assert from 'node:assert/strict'
import { kinds } from '#api/kinds.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import { mergePatch } from '#api/machinery/patch/merge-patch.ts'
import type { ApiRequest, Method } from '#client/transport.ts'
import { type Answer, startTestServer, startWatch, type TestServer } from '../../testing.ts'
import type { Plain } from './fixture.ts'
import { bodyOf, fixtureOf, nameOf } from './objects.ts'

/** As it is answered: any JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was answered
export type Shown = any

export const PATCH = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

export class Subject {
  readonly kind: AnyKind
  readonly server: TestServer
  /** Path of the collection. */
  readonly at: string
  #count: { last: number }

  constructor(kind: AnyKind, server: TestServer, count = { last: 0 }) {
    this.kind = kind
    this.server = server
    this.at = `${pathOfVersion(kind)}${inNamespace(kind)}/${kind.plural}`
    this.#count = count
  }

  /** The same server's objects in another version. */
  in(kind: AnyKind): Subject {
    return new Subject(kind, this.server, this.#count)
  }

  get isNamespaced() {
    return this.kind.scope === 'Namespaced'
  }
  get fixture() {
    return fixtureOf(this.kind)
  }
  /** As errors name it. */
  get resource(): string {
    const { group, plural } = this.kind
    return group ? `${plural}.${group}` : plural
  }
  get stored(): AnyKind {
    return this.kind.storedAs?.kind ?? this.kind
  }

  newName(): string {
    return nameOf(this.kind, ++this.#count.last)
  }
  body(name: string, metadata: Plain = {}): Shown {
    return bodyOf(this.kind, name, metadata)
  }

  /** Asks for something below the collection: `''`, `/name`, `?watch=1`. */
  ask(method: Method, below: string, body?: unknown, more?: Partial<ApiRequest>): Promise<Answer> {
    return this.server.ask(method, this.at + below, body, more)
  }
  /** As `ask`, where nothing but this status is right; gives the body. */
  async must(status: number, method: Method, below: string, body?: unknown): Promise<Shown> {
    const answer = await this.ask(method, below, body)
    assert.equal(answer.status, status, `${method} ${below}: ${answer.body?.message}`)
    return answer.body
  }
  async patch(type: keyof typeof PATCH, below: string, body: unknown): Promise<Answer> {
    return this.ask('PATCH', below, body, { headers: { 'content-type': PATCH[type] } })
  }
  async mustPatch(type: keyof typeof PATCH, below: string, body: unknown): Promise<Shown> {
    const answer = await this.patch(type, below, body)
    assert.equal(answer.status, 200, `${type} patch of ${below}: ${answer.body?.message}`)
    return answer.body
  }

  /** A new object. */
  async make(metadata: Plain = {}): Promise<Shown> {
    const made = await this.must(201, 'POST', '', this.body(this.newName(), metadata))
    await this.settled(made)
    return made
  }
  /** The server itself writes to a new definition; whoever changes it waits for that. */
  async settled(made: Shown): Promise<void> {
    while (this.kind.plural === 'customresourcedefinitions') {
      const { status } = await this.read(made)
      const isSo = ({ type, status }: Shown) => type === 'Established' && status === 'True'
      if (status?.conditions?.some(isSo)) return
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  /** Reads it again, which what reacts to new objects may have written to. */
  read(object: Shown): Promise<Shown> {
    return this.must(200, 'GET', `/${object.metadata.name}`)
  }
  /** The object with the allowed change. */
  changed(object: Shown): Shown {
    return mergePatch(object, this.fixture.change)
  }
  /** Whether the change is one of metadata only. */
  get changesContent(): boolean {
    return Object.keys(this.fixture.change).some(key => key !== 'metadata')
  }

  /** Deletes it and everything that holds it; it is gone afterwards. */
  async end(object: Shown): Promise<void> {
    const { name } = object.metadata
    await this.must(200, 'DELETE', `/${name}?propagationPolicy=Background`)
    await this.release(name)
  }
  /** Takes away what holds a deleted object. */
  async release(name: string): Promise<void> {
    const left = await this.ask('GET', `/${name}`)
    if (left.status === 404) return
    if (this.kind.plural === 'customresourcedefinitions') return this.#cleanedUp(name)
    if (left.body.metadata.finalizers)
      await this.mustPatch('merge', `/${name}`, { metadata: { finalizers: null } })
    if (this.kind.plural === 'namespaces')
      await this.must(200, 'PUT', `/${name}/finalize`, { metadata: { name }, spec: {} })
    await this.must(404, 'GET', `/${name}`)
  }

  /** The server itself takes its finalizer from a deleted definition, so others must not hurry it. */
  async #cleanedUp(name: string): Promise<void> {
    for (;;) {
      const { status, body } = await this.ask('GET', `/${name}`)
      if (status === 404) return
      const [own, ...more]: string[] = body.metadata.finalizers
      if (own?.startsWith('example.com/') || more.length > 0)
        await this.patch('merge', `/${name}`, { metadata: { finalizers: null } })
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  watch(query: string, more: Partial<ApiRequest> = {}) {
    return startWatch(this.server.server, `${this.at}?watch=1&${query}`, more)
  }
}

const pathOfVersion = (kind: AnyKind) => (kind.group ? `/apis/${apiVersionOf(kind)}` : '/api/v1')
const inNamespace = (kind: AnyKind) => (kind.scope === 'Namespaced' ? '/namespaces/default' : '')

export async function startSubject(kind: AnyKind): Promise<Subject> {
  // The server itself would write APIServices as time passes; only their own turn needs them.
  const isAside = ({ plural }: AnyKind) => plural === 'apiservices' && plural !== kind.plural
  const server = await startTestServer({ kinds: kinds.filter(each => !isAside(each)) })
  // Who takes part in every pod: without it, admission would wait for its controller.
  const account = { metadata: { name: 'default' } }
  await server.ask('POST', '/api/v1/namespaces/default/serviceaccounts', account)
  return new Subject(kind, server)
}

/** A Status that tells of a failure, as a client sees it. */
export function failure(code: number, reason: string, message: string, details?: Plain): Plain {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details ? { details } : {}),
    code,
  }
}

/** The details of a failure that concerns one object of the kind. */
export function detailsOf({ kind }: Subject, name: string): Plain {
  return { name, ...(kind.group ? { group: kind.group } : {}), kind: kind.plural }
}

/** One promise that the API makes for every kind. */
export interface Check {
  readonly title: string
  readonly of?: (kind: AnyKind) => boolean
  readonly run: (subject: Subject) => Promise<void>
}
