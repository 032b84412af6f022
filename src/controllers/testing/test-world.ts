/** Objects in memory on which the writes of a reconcile are performed one by one, and told as lines of text. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import type { Commands } from './scenarios.ts'

export const START_MS = Date.UTC(2026, 0, 1)

// biome-ignore lint/suspicious/noExplicitAny: tests look into objects of any kind
export type Loose = any

export class TestWorld {
  nowMs = START_MS
  readonly #objects = new Map<string, Loose>()
  #made = 0

  list<T>(kind: string): T[] {
    return [...this.#objects.values()].filter(object => object.kind === kind)
  }

  get<T>(kind: string, name: string): T | undefined {
    return this.#objects.get(`${kind}/${name}`)
  }

  /** Puts an object in as if somebody had written it. */
  put(object: Loose): void {
    const { name } = object.metadata
    this.#objects.set(`${object.kind}/${name}`, structuredClone(object))
  }

  /** Changes an object in place of a user or a node. */
  change(kind: string, name: string, change: (object: Loose) => void): void {
    const object = structuredClone(this.get<Loose>(kind, name))
    change(object)
    this.put(object)
  }

  remove(kind: string, name: string): void {
    this.#objects.delete(`${kind}/${name}`)
  }

  setPod(name: string, status: object): void {
    this.change('Pod', name, pod => {
      pod.status = status
    })
  }

  run(name: string, isReady = true): void {
    const lastTransitionTime = this.now
    const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime }]
    this.setPod(name, { phase: 'Running', conditions })
  }

  get now(): string {
    return new Date(this.nowMs).toISOString().replace('.000Z', 'Z')
  }

  /** Does what the outcome asks for, up to `limit` writes, and says what it was. */
  perform(outcome: Outcome, limit = Number.POSITIVE_INFINITY): string[] {
    const writes = outcome.writes.flatMap(write => (write.verb === 'batch' ? write.writes : write))
    const lines: string[] = []
    for (const write of writes.slice(0, limit)) {
      lines.push(...this.#performOne(write))
      const { success } = write.report ?? {}
      if (success)
        lines.push(`  Normal ${success.reason}: ${success.message(this.#nameOfLast(write))}`)
    }
    if (outcome.againAfterMs !== undefined) lines.push(`again after ${outcome.againAfterMs} ms`)
    return lines
  }

  #lastName = ''

  #nameOfLast(write: Write): string {
    return write.verb === 'create' ? this.#lastName : ''
  }

  #performOne(write: Write): string[] {
    switch (write.verb) {
      case 'event':
        return [`${write.type} ${write.reason}: ${write.text.message}`]
      case 'create':
        return [this.#create(write.kind.kind, write.object)]
      case 'update':
        return this.#update(write.kind.kind, write.object, write.subresource)
      case 'patch': {
        const { name = '' } = write.object.metadata
        this.change(write.kind.kind, name, object => mergeInto(object, write.patch))
        const text = JSON.stringify(write.patch).replaceAll('"', '')
        return [`patch ${write.kind.kind} ${name} ${text}`]
      }
      case 'delete': {
        const { name = '' } = write.object.metadata
        // Pods have to be stopped first; what does that is a command of the scenario.
        if (write.kind.kind === 'Pod')
          this.change('Pod', name, object => {
            object.metadata.deletionTimestamp ??= this.now
          })
        else this.remove(write.kind.kind, name)
        return [`delete ${write.kind.kind} ${name}`]
      }
    }
  }

  #create(kind: string, object: KubernetesObject | Loose): string {
    const { generateName, ...metadata } = object.metadata
    const name = metadata.name ?? `${generateName}${this.#made}`
    this.#lastName = name
    const status = kind === 'Pod' ? { phase: 'Pending' } : {}
    const uid = `${name}#${this.#made++}`
    this.put({
      status,
      ...object,
      kind,
      metadata: { ...metadata, name, uid, generation: 1, creationTimestamp: this.now },
    })
    return `create ${kind} ${name}`
  }

  #update(kind: string, object: Loose, subresource: string | undefined): string[] {
    const { name } = object.metadata
    const before = this.get<Loose>(kind, name)
    this.put(object)
    if (subresource !== 'status') return [`update ${kind} ${name}`]
    return [`status ${kind} ${name}: ${differences(before?.status ?? {}, object.status).join(' ')}`]
  }
}

/** `ready=1→2` for each field that is another. */
function differences(before: Loose, after: Loose): string[] {
  const text = (value: unknown) => JSON.stringify(value)?.replaceAll('"', '') ?? '-'
  return Object.keys({ ...before, ...after })
    .filter(key => text(before[key]) !== text(after[key]))
    .sort()
    .map(key => `${key}=${text(before[key])}→${text(after[key])}`)
}

function mergeInto(target: Loose, patch: Loose): void {
  for (const [key, value] of Object.entries(patch))
    if (isPlainObject(value)) mergeInto(partOf(target, key), value)
    else target[key] = value
}

function partOf(target: Loose, key: string): Loose {
  target[key] ??= {}
  return target[key]
}

/** Sets `a.b=json`. */
export function assign(target: Loose, setting: string): void {
  const [path = '', json = ''] = setting.split(/=(.*)/)
  const parts = path.split('.')
  const last = parts.pop() ?? ''
  parts.reduce(partOf, target)[last] = JSON.parse(json)
}

/** Commands that make sense in every world. */
export function worldCommands(world: TestWorld): Commands {
  return {
    wait(seconds) {
      world.nowMs += Number(seconds) * 1000
    },
    /** Marks an object as being deleted. */
    delete(kind = '', name = '') {
      world.change(kind, name, object => {
        object.metadata.deletionTimestamp = world.now
      })
    },
    remove: (kind = '', name = '') => world.remove(kind, name),
    /** `set KIND NAME path=json …` */
    set: (kind = '', name = '', ...settings) =>
      world.change(kind, name, object => settings.forEach(setting => void assign(object, setting))),
    show(kind = '', name = '', ...paths) {
      const object = world.get<Loose>(kind, name)
      return paths.map(path => {
        const value = path.split('.').reduce((at: Loose, part) => at?.[part], object)
        return `${path}: ${JSON.stringify(value)}`
      })
    },
    names: (kind = '') => world.list<Loose>(kind).map(({ metadata }) => metadata.name),
    pods: () =>
      world
        .list<Pod>('Pod')
        .map(({ metadata, spec, status }) => {
          const isReady = status.conditions?.[0]?.status === 'True' ? ' ready' : ''
          const ending = metadata.deletionTimestamp ? ' ending' : ''
          return `${metadata.name} ${spec.containers[0]?.image} ${status.phase}${isReady}${ending}`
        })
        .sort(),
  }
}
