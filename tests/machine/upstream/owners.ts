/** What several writers do to one object, by chance: each request follows from the seed and from what the servers answered before. */
import { mergePatch } from '#api/machinery/patch/merge-patch.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import { Dice } from '../../fuzz/random.ts'
import type { Use } from './grammar.ts'
import type { Asked } from './pair.ts'
import { metadata, type Owned } from './variants/owned.ts'

/** What both servers are asked; each with the object as it shows it. */
export interface Step {
  readonly asked: Asked
  readonly ofProa: Asked
}

type Shown = readonly [upstream: PlainObject, proa: PlainObject]

const UPDATERS = ['one', 'two', 'three']
const APPLIERS = ['one', 'two', 'kubectl']
const CLIENT_SIDE = 'kubectl-client-side-apply'
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

const of = (type: string) => ({ 'content-type': `application/${type}` })

export class Story {
  readonly #dice: Dice
  readonly #owned: Owned
  readonly #name: string

  constructor(owned: Owned, seed: number) {
    this.#owned = owned
    this.#dice = new Dice(seed)
    this.#name = `s${seed}-${owned.collections.length}`
    // Seeds that follow each other begin alike.
    for (let thrown = 0; thrown < 3; thrown++) this.#dice.below(2)
  }

  /** Where the object can be read, in any version. */
  get path(): string {
    return `${this.#owned.collections[0]}/${this.#name}`
  }

  first(): Step {
    const at = this.#version()
    if (this.#happens(30)) return this.#apply(at)
    const path = this.#owned.collections[at] as string
    return alike({
      method: 'POST',
      path: `${path}?fieldManager=${this.#dice.pick(UPDATERS)}`,
      body: this.#whole(at),
    })
  }

  next(shown: Shown): Step {
    const at = this.#version()
    const ways: (() => Step)[] = [
      () => this.#replace(at, shown),
      () => this.#update(at, shown),
      () => this.#update(at, shown),
      () => this.#patch(at),
      () => this.#patch(at),
      () => this.#operations(at),
      () => this.#apply(at),
      () => this.#apply(at),
      () => this.#apply(at),
      () => this.#apply(at),
      () => this.#clientSide(at),
      () => this.#disown(at),
    ]
    if (this.#owned.status)
      ways.push(
        () => this.#patch(at, 'status'),
        () => this.#update(at, shown, 'status'),
        () => this.#apply(at, 'status'),
      )
    if (this.#owned.isScaled) ways.push(() => this.#scale(at, shown))
    return this.#dice.pick(ways)()
  }

  #version(): number {
    return this.#dice.below(this.#owned.collections.length)
  }

  #happens(percent: number): boolean {
    return this.#dice.below(100) < percent
  }

  #content(at: number, use: Use, subresource = ''): PlainObject {
    const { contents, status } = this.#owned
    const meta = (metadata(this.#dice, use) ?? {}) as PlainObject
    if (subresource === '')
      return { metadata: meta, ...(contents[at]?.(this.#dice, use) as PlainObject) }
    // What does not belong there is there, too, now and then.
    const beside = this.#happens(15) ? (contents[at]?.(this.#dice, use) as PlainObject) : {}
    return {
      ...(this.#happens(30) ? { metadata: meta } : {}),
      ...beside,
      status: status?.(this.#dice, use),
    }
  }

  #named(at: number, content: PlainObject): PlainObject {
    const { apiVersions, kind } = this.#owned
    return {
      apiVersion: apiVersions[at],
      kind,
      ...content,
      metadata: { name: this.#name, ...(content.metadata as PlainObject | undefined) },
    }
  }

  #whole(at: number): PlainObject {
    return this.#named(at, this.#content(at, 'whole'))
  }

  #at(at: number, subresource: string, query: string): string {
    const below = subresource === '' ? '' : `/${subresource}`
    return `${this.#owned.collections[at]}/${this.#name}${below}?${query}`
  }

  #updater(): string {
    // Some say nothing of themselves.
    return this.#happens(10) ? '' : `fieldManager=${this.#dice.pick(UPDATERS)}`
  }

  /** All of it anew, on what is there by now: some kinds take nothing else. */
  #replace(at: number, shown: Shown): Step {
    const path = this.#at(at, '', this.#updater())
    const content = this.#whole(at)
    const [upstream, proa] = shown.map(({ metadata }): Asked => {
      const { resourceVersion } = metadata as PlainObject
      const body = {
        ...content,
        metadata: { ...(content.metadata as PlainObject), resourceVersion },
      }
      return { method: 'PUT', path, body }
    }) as [Asked, Asked]
    return { asked: upstream, ofProa: proa }
  }

  /** Read, changed and written. */
  #update(at: number, shown: Shown, subresource = ''): Step {
    const path = this.#at(at, subresource, this.#updater())
    const change = this.#content(at, 'patch', subresource)
    const [upstream, proa] = shown.map(object => {
      const { apiVersion: _, ...rest } = mergePatch(object, change) as PlainObject
      return {
        method: 'PUT' as const,
        path,
        body: { apiVersion: this.#owned.apiVersions[at], ...rest },
      }
    }) as [Asked, Asked]
    return { asked: upstream, ofProa: proa }
  }

  #patch(at: number, subresource = ''): Step {
    const isCustom = this.#owned.kind === 'Belonging'
    const type = isCustom || this.#happens(50) ? 'merge-patch+json' : 'strategic-merge-patch+json'
    const path = this.#at(at, subresource, this.#updater())
    const body = this.#content(at, 'patch', subresource)
    return alike({ method: 'PATCH', path, body, headers: of(type) })
  }

  /** A JSON patch of one operation, at a place that some content has. */
  #operations(at: number): Step {
    const places = placesIn(this.#content(at, 'whole'))
    const [place, value] = this.#dice.pick(places)
    const operation = this.#happens(30)
      ? { op: 'remove', path: place }
      : { op: this.#dice.pick(['add', 'replace']), path: place, value }
    const path = this.#at(at, '', this.#updater())
    return alike({ method: 'PATCH', path, body: [operation], headers: of('json-patch+json') })
  }

  #apply(any: number, subresource = ''): Step {
    const force = this.#happens(50) ? '&force=true' : ''
    const manager = this.#dice.below(APPLIERS.length)
    // Whoever moves from a version to one that is quite another finds what Go made of the conversions.
    const at = this.#owned.movesFreely ? any : manager % this.#owned.collections.length
    const path = this.#at(at, subresource, `fieldManager=${APPLIERS[manager]}${force}`)
    const body = this.#named(at, this.#content(at, 'apply', subresource))
    return alike({ method: 'PATCH', path, body, headers: of('apply-patch+yaml') })
  }

  /** As kubectl does without the server. */
  #clientSide(at: number): Step {
    const body = this.#named(at, this.#content(at, 'apply'))
    const meta = body.metadata as PlainObject
    const annotations = (meta.annotations ?? {}) as PlainObject
    const applied = { ...annotations, [LAST_APPLIED]: `${JSON.stringify(body)}\n` }
    return alike({
      method: 'PATCH',
      path: this.#at(at, '', `fieldManager=${CLIENT_SIDE}`),
      body: { ...body, metadata: { ...meta, annotations: applied } },
      headers: of('merge-patch+json'),
    })
  }

  /** Somebody takes the entries themselves away, or writes others. */
  #disown(at: number): Step {
    const managedFields = this.#dice.pick([
      [{}],
      [],
      null,
      [
        {
          manager: 'one',
          operation: 'Apply',
          apiVersion: this.#owned.apiVersions[at],
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:metadata': { 'f:labels': { 'f:a': {} } } },
        },
      ],
    ])
    return alike({
      method: 'PATCH',
      path: this.#at(at, '', this.#updater()),
      body: { metadata: { managedFields } },
      headers: of('merge-patch+json'),
    })
  }

  /** To another size: where it stays, upstream makes two of the entry of whoever owns it. */
  #scale(at: number, [{ spec: before }]: Shown): Step {
    const { replicas = 0 } = (before ?? {}) as { replicas?: number }
    const spec = { replicas: replicas + 1 + this.#dice.below(3) }
    const path = this.#at(at, 'scale', this.#updater())
    if (this.#happens(50))
      return alike({ method: 'PATCH', path, body: { spec }, headers: of('merge-patch+json') })
    const metadata = { name: this.#name }
    const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata, spec }
    return alike({ method: 'PUT', path, body })
  }
}

const alike = (asked: Asked): Step => ({ asked, ofProa: asked })

/** Every place in a content, as a pointer, with what stands there. */
function placesIn(value: unknown, pointer = ''): [string, unknown][] {
  const entries = Array.isArray(value)
    ? value.map((part, index) => [`${index}`, part] as const)
    : isPlainObject(value)
      ? Object.entries(value)
      : []
  return entries.flatMap(([name, part]) => {
    const at = `${pointer}/${name.replaceAll('/', '~1')}`
    return [[at, part] as [string, unknown], ...placesIn(part, at)]
  })
}
