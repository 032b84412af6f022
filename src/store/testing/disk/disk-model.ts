import { dirname } from 'node:path'
import type { Step } from './trace.ts'

/**
 * A disk as pessimistic as POSIX allows: what was written and not synced may arrive whole, in part, in any order or never, and so may
 * names as long as their directory was not synced. A file system keeps its own changes of names in order, so those arrive up to some point.
 */
export class DiskModel {
  readonly #files = new Map<number, FileOnDisk>()
  readonly #directories = new Map<number, string>()
  /** What a synced directory says, and what was done to it since. */
  #names: Map<string, number>
  #nameSteps: NameStep[] = []
  /** The names as the process sees them. */
  readonly #seen: Map<string, number>
  readonly #syncs = new Map<number, number>()

  /** Files that were there, and safe, before. They get numbers that no trace uses. */
  constructor(before: ReadonlyMap<string, Buffer> = new Map()) {
    this.#names = new Map()
    let number = -1
    for (const [name, bytes] of before) {
      this.#names.set(name, number)
      this.#files.set(number--, { durable: bytes, pending: [] })
    }
    this.#seen = new Map(this.#names)
  }

  apply(step: Step): void {
    switch (step.type) {
      case 'open':
        this.#open(step)
        break
      case 'write':
      case 'truncate':
        this.#files.get(step.file)?.pending.push(step)
        break
      case 'sync':
        this.#syncs.set(step.number, this.#pendingOf(step.file))
        break
      case 'synced':
        this.#synced(step.file, this.#syncs.get(step.number) ?? 0)
        break
      case 'unlink':
        this.#rename({ remove: step.name })
        break
      case 'rename':
        this.#rename({ remove: step.from, add: step.to, file: this.#seen.get(step.from) })
        break
      case 'link':
        this.#rename({ add: step.to, file: this.#seen.get(step.from) })
    }
  }

  /** The files as a crash leaves them; `fate` decides about everything that was not synced. */
  crash(fate: Fate): Map<string, Buffer> {
    const names = new Map(this.#names)
    const kept = fate.names(this.#nameSteps.length)
    for (const step of this.#nameSteps.slice(0, kept)) applyName(names, step)
    return new Map([...names].map(([name, number]) => [name, this.#contentOf(number, fate)]))
  }

  #contentOf(number: number, fate: Fate): Buffer {
    const file = this.#files.get(number)
    if (!file) return Buffer.alloc(0)
    return fate.content(file.durable, file.pending)
  }

  #open({ file, name, isNew, isDirectory }: Step & { type: 'open' }): void {
    if (isDirectory) {
      this.#directories.set(file, name)
      return
    }
    const known = this.#seen.get(name)
    // The first look at a file that was there before tells its number.
    if (!isNew && known !== undefined && known < 0) this.#renumber(known, file)
    if (!this.#files.has(file)) this.#files.set(file, { durable: Buffer.alloc(0), pending: [] })
    if (isNew) this.#rename({ add: name, file })
  }

  #renumber(from: number, to: number): void {
    this.#files.set(to, this.#files.get(from) ?? { durable: Buffer.alloc(0), pending: [] })
    for (const names of [this.#names, this.#seen]) {
      for (const [name, number] of names) if (number === from) names.set(name, to)
    }
    this.#nameSteps = this.#nameSteps.map(step =>
      step.file === from ? { ...step, file: to } : step,
    )
  }

  #rename(step: NameStep): void {
    applyName(this.#seen, step)
    this.#nameSteps.push(step)
  }

  #pendingOf(file: number): number {
    return this.#directories.has(file)
      ? this.#nameSteps.length
      : (this.#files.get(file)?.pending.length ?? 0)
  }

  #synced(number: number, count: number): void {
    const directory = this.#directories.get(number)
    if (directory !== undefined) {
      const isInside = (name: string | undefined) =>
        name !== undefined && (dirname(name) === directory || directory === '.')
      for (const step of this.#nameSteps.slice(0, count)) {
        if (isInside(step.add) || isInside(step.remove)) applyName(this.#names, step)
      }
      this.#nameSteps = this.#nameSteps.filter(
        (step, place) => place >= count || !(isInside(step.add) || isInside(step.remove)),
      )
      return
    }
    const file = this.#files.get(number)
    if (!file) return
    const settled = file.pending.splice(0, count)
    file.durable = applied(file.durable, settled)
  }
}

export type Change = Extract<Step, { type: 'write' | 'truncate' }>

interface FileOnDisk {
  durable: Buffer
  /** In order. */
  readonly pending: Change[]
}

interface NameStep {
  readonly remove?: string | undefined
  readonly add?: string | undefined
  readonly file?: number | undefined
}

/** Decides what a crash leaves of what was not synced. */
export interface Fate {
  /** How many of so many changes of names arrived. */
  names(count: number): number
  content(durable: Buffer, pending: readonly Change[]): Buffer
}

function applyName(names: Map<string, number>, { remove, add, file }: NameStep): void {
  if (remove !== undefined) names.delete(remove)
  if (add !== undefined && file !== undefined) names.set(add, file)
}

/** A file's bytes after some changes; `bytes` itself stays as it is. */
export function applied(bytes: Buffer, changes: readonly Change[]): Buffer {
  let length = bytes.length
  let most = length
  for (const change of changes) {
    length =
      change.type === 'truncate'
        ? change.length
        : Math.max(length, change.offset + change.bytes.length)
    most = Math.max(most, length)
  }
  const result = Buffer.alloc(most)
  bytes.copy(result)
  let end = bytes.length
  for (const change of changes) {
    if (change.type === 'truncate') {
      // What a file is cut to and grown by again is zeros.
      if (change.length < end) result.fill(0, change.length, end)
      end = change.length
    } else {
      change.bytes.copy(result, change.offset)
      end = Math.max(end, change.offset + change.bytes.length)
    }
  }
  return result.subarray(0, length)
}
