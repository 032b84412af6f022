/** A definition by chance, and what becomes of its objects while it changes: each request follows from the seed and from what was answered before. */
import { mergePatch } from '#api/machinery/patch/merge-patch.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import type { Dice } from '../../fuzz/random.ts'
import { DEFINITIONS } from './non-resource-paths.ts'
import type { Asked } from './pair.ts'
import { changed, type Schema, specSchema, valueFor } from './random-schemas.ts'

/** The same for both servers, but for what each showed of the object before. */
export interface Step {
  readonly asked: Asked
  readonly ofProa: Asked
  /** The definition is another one after it. */
  readonly defines?: true
}
export type Shown = readonly [upstream: PlainObject, proa: PlainObject]

const GROUP = 'chance.example.com'
const alike = (asked: Asked): Step => ({ asked, ofProa: asked })
const of = (type: string) => ({ 'content-type': `application/${type}` })

export class DefinedLife {
  readonly #dice: Dice
  readonly #plural: string
  readonly #kind: string
  readonly #hasTwo: boolean
  readonly #columns: object
  /** Of each version. */
  #specs: readonly Schema[]

  constructor(dice: Dice, seed: number) {
    this.#dice = dice
    this.#plural = `d${seed}s`
    this.#kind = `D${seed}`
    this.#hasTwo = this.#happens(40)
    const spec = specSchema(dice)
    this.#specs = this.#hasTwo ? [spec, changed(dice, spec)] : [spec]
    this.#columns = this.#happens(50)
      ? { additionalPrinterColumns: this.#columnsOf(spec), ...this.#selectable(spec) }
      : {}
  }

  get definition(): string {
    return `${DEFINITIONS}/${this.#plural}.${GROUP}`
  }

  collection(version = 0): string {
    return `/apis/${GROUP}/v${version + 1}/namespaces/default/${this.#plural}`
  }

  get path(): string {
    return `${this.collection()}/${this.#name()}`
  }

  define(): Asked {
    return { method: 'POST', path: DEFINITIONS, body: this.#definition() }
  }

  first(): Step {
    const at = this.#version()
    return this.#happens(30) ? this.#apply(at) : this.#create(at)
  }

  next(shown: Shown): Step {
    const at = this.#version()
    return this.#dice.pick<() => Step>([
      () => this.#create(at),
      () => this.#replace(at, shown),
      () => this.#merge(at),
      () => this.#merge(at),
      () => this.#merge(at),
      () => this.#apply(at),
      () => this.#apply(at),
      () => this.#touch(at),
      () => this.#read(at),
      () => this.#redefine(),
      () => this.#redefine(),
      () => this.#status(at),
    ])()
  }

  #happens(percent: number): boolean {
    return this.#dice.below(100) < percent
  }

  #version(): number {
    return this.#dice.below(this.#specs.length)
  }

  #name(): string {
    return 'it'
  }

  #spec(at: number): unknown {
    return valueFor(this.#dice, this.#specs[at] as Schema, this.#happens(40) ? 8 : 0)
  }

  #object(at: number): PlainObject {
    return {
      apiVersion: `${GROUP}/v${at + 1}`,
      kind: this.#kind,
      metadata: { name: this.#name() },
      spec: this.#spec(at),
    }
  }

  #query(): string {
    const validation = this.#dice.pick([
      '',
      '',
      '&fieldValidation=Strict',
      '&fieldValidation=Ignore',
    ])
    return `fieldManager=${this.#dice.pick(['one', 'two'])}${validation}`
  }

  #create(at: number): Step {
    const path = `${this.collection(at)}?${this.#query()}`
    return alike({ method: 'POST', path, body: this.#object(at) })
  }

  #replace(at: number, shown: Shown): Step {
    const path = `${this.collection(at)}/${this.#name()}?${this.#query()}`
    const object = this.#object(at)
    const keepsAll = this.#happens(40)
    const [asked, ofProa] = shown.map(({ metadata, spec }): Asked => {
      const all =
        keepsAll && isPlainObject(spec) && isPlainObject(object.spec)
          ? mergePatch(spec, object.spec)
          : object.spec
      return {
        method: 'PUT',
        path,
        body: { ...object, metadata: metadata as PlainObject, spec: all },
      }
    }) as [Asked, Asked]
    return { asked, ofProa }
  }

  #merge(at: number): Step {
    const path = `${this.collection(at)}/${this.#name()}?${this.#query()}`
    const body = { spec: this.#spec(at) }
    return alike({ method: 'PATCH', path, body, headers: of('merge-patch+json') })
  }

  #apply(at: number): Step {
    const force = this.#happens(70) ? '&force=true' : ''
    const path = `${this.collection(at)}/${this.#name()}?${this.#query()}${force}`
    return alike({ method: 'PATCH', path, body: this.#object(at), headers: of('apply-patch+yaml') })
  }

  /** Nothing of the spec, which may be wrong by now. */
  #touch(at: number): Step {
    const path = `${this.collection(at)}/${this.#name()}?${this.#query()}`
    const body = { metadata: { labels: { touched: `${this.#dice.below(100)}` } } }
    return alike({ method: 'PATCH', path, body, headers: of('merge-patch+json') })
  }

  #status(at: number): Step {
    const path = `${this.collection(at)}/${this.#name()}/status?${this.#query()}`
    const body = { status: { text: this.#dice.pick(['a', 'b', 1]) }, spec: { a: 1 } }
    return alike({ method: 'PATCH', path, body, headers: of('merge-patch+json') })
  }

  #read(at: number): Step {
    const form = this.#dice.pick([
      '',
      ';as=Table;g=meta.k8s.io;v=v1',
      ';as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    ])
    const selector = `fieldSelector=spec.${this.#dice.pick(['a', 'b'])}%3D${this.#dice.pick(['a', '1', 'true', ''])}`
    const path = this.#happens(50)
      ? `${this.collection(at)}/${this.#name()}`
      : `${this.collection(at)}?${this.#happens(40) ? selector : ''}`
    return alike({ method: 'GET', path, headers: { accept: `application/json${form}` } })
  }

  #redefine(): Step {
    const [spec, other] = this.#specs as [Schema, Schema?]
    const next = changed(this.#dice, spec)
    this.#specs = other ? [next, this.#happens(50) ? changed(this.#dice, other) : other] : [next]
    const { spec: body } = this.#definition() as { spec: object }
    const headers = of('merge-patch+json')
    const asked: Asked = { method: 'PATCH', path: this.definition, body: { spec: body }, headers }
    return { ...alike(asked), defines: true }
  }

  #definition(): object {
    const status = { type: 'object', properties: { text: { type: 'string' } } }
    const versions = this.#specs.map((spec, at) => ({
      name: `v${at + 1}`,
      served: true,
      storage: at === 0,
      schema: { openAPIV3Schema: { type: 'object', properties: { spec, status } } },
      subresources: { status: {} },
      ...this.#columns,
    }))
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${this.#plural}.${GROUP}` },
      spec: {
        group: GROUP,
        scope: 'Namespaced',
        names: { plural: this.#plural, kind: this.#kind },
        versions,
      },
    }
  }

  #columnsOf({ properties = {} }: Schema): object[] {
    return Object.entries(properties).map(([name, { type }]) => ({
      name: name.toUpperCase(),
      jsonPath: `.spec.${name}${type === 'array' ? this.#dice.pick(['', '[*]', '[0]', '[?(@.k=="a")].k']) : ''}`,
      type: this.#dice.pick(['string', 'integer', 'number', 'boolean', 'date']),
    }))
  }

  #selectable({ properties = {} }: Schema): object {
    const fields = Object.entries(properties)
      .filter(([, { type }]) => ['string', 'integer', 'boolean'].includes(type ?? ''))
      .map(([name]) => ({ jsonPath: `.spec.${name}` }))
    return fields.length > 0 ? { selectableFields: fields } : {}
  }
}
