/**
 * Pods of one workload have the same spec but for the name of the volume with their token. That a spec says what another one said, in
 * which nothing was found wrong, is seen by a walk that makes nothing; to find out anew what may be wrong costs several times that.
 */
import { isPlainObject } from '../../../machinery/plain.ts'
import type { PodSpec } from './schema.ts'

/** So many are kept, mostly those that are asked for. */
const KEPT = 4
/** Values and the letters in them; larger specs are seldom the same. */
const MAXIMUM_SIZE = 32_000

/** Admission gives each pod a volume of this name with five letters of chance, and nothing means more than where the same stands again. */
const TOKEN_VOLUME = /^kube-api-access-[a-z0-9]{5}$/
const TOKEN_VOLUME_PREFIX = 'kube-api-access-'

/** What a spec says from its first field to its last: names and values one after the other, lists and objects between marks. */
type Story = readonly unknown[]
const LIST = Symbol('list')
const OBJECT = Symbol('object')
const END = Symbol('end')

/** Specs that passed one test. What is kept of them shares nothing with them, for whoever made them may go on changing them. */
export class KnownSpecs {
  readonly #known: Story[] = []

  has(spec: PodSpec): boolean {
    for (let at = 0; at < this.#known.length; at++) {
      if (!new Reading(this.#known[at] as Story).isAbout(spec)) continue
      if (at > 0) this.#known.unshift(...this.#known.splice(at, 1))
      return true
    }
    return false
  }

  add(spec: PodSpec): void {
    const story: unknown[] = []
    if (write(spec, story, 0) > MAXIMUM_SIZE) return
    if (this.#known.length >= KEPT) this.#known.pop()
    this.#known.unshift(story)
  }
}

/** Gives the size so far, with which it ends where that is too large. */
function write(value: unknown, story: unknown[], before: number): number {
  let size = before + (typeof value === 'string' ? value.length + 1 : 1)
  if (typeof value !== 'object' || value === null || size > MAXIMUM_SIZE) {
    story.push(value)
    return size
  }
  story.push(Array.isArray(value) ? LIST : OBJECT)
  if (Array.isArray(value)) for (const item of value) size = write(item, story, size)
  else
    for (const [name, part] of Object.entries(value)) {
      if (part === undefined) continue
      story.push(name)
      size = write(part, story, size + name.length)
    }
  story.push(END)
  return size
}

/** One walk over a story and a value at a time. Fields in another order make another story. */
class Reading {
  readonly #story: Story
  #at = 0
  /** The volume with the token in the story, and its name in the value. */
  #told = ''
  #found = ''

  constructor(story: Story) {
    this.#story = story
  }

  isAbout(value: unknown): boolean {
    const next = this.#story[this.#at++]
    if (typeof value === 'string')
      return value === next ? this.#isSelf(value) : this.#isVolume(next, value)
    if (typeof value !== 'object' || value === null) return value === next
    if (Array.isArray(value)) {
      if (next !== LIST) return false
      for (let at = 0; at < value.length; at++) if (!this.isAbout(value[at])) return false
      return this.#story[this.#at++] === END
    }
    return next === OBJECT && isPlainObject(value) && this.#areFields(value)
  }

  #areFields(value: Record<string, unknown>): boolean {
    for (const name of Object.keys(value)) {
      const part = value[name]
      if (part === undefined) continue
      if (this.#story[this.#at++] !== name || !this.isAbout(part)) return false
    }
    return this.#story[this.#at++] === END
  }

  /** A name that stands in both must not be that of the volume in one of them. */
  #isSelf(text: string): boolean {
    return !text.startsWith(TOKEN_VOLUME_PREFIX) || this.#isVolume(text, text)
  }

  #isVolume(told: unknown, found: string): boolean {
    if (typeof told !== 'string' || !found.startsWith(TOKEN_VOLUME_PREFIX)) return false
    if (!TOKEN_VOLUME.test(told) || !TOKEN_VOLUME.test(found)) return told === found
    if (this.#told === '') {
      this.#told = told
      this.#found = found
    }
    return told === this.#told && found === this.#found
  }
}
