/** Server-side apply of every kind, by several managers in any order, against the model of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kinds } from './kinds.ts'
import { serverSideApply, trackUpdate } from './machinery/apply/apply.ts'
import {
  apply,
  type Leaves,
  leavesOf,
  objectWith,
  type Path,
  type State,
  update,
} from './machinery/apply/testing.ts'
import { type AnyKind, apiVersionOf } from './machinery/kind.ts'
import type { KubernetesObject } from './machinery/metadata.ts'
import type { AnySchema, ScalarType } from './machinery/schema.ts'
import { isStatus } from './machinery/status.ts'
import { type Choice, objectOf } from './machinery/testing.ts'

const word = fc.constantFrom('a', 'b', 'c')
const scalars: Record<ScalarType, fc.Arbitrary<unknown>> = {
  string: word,
  boolean: fc.constant(true),
  int32: fc.constantFrom(1, 2),
  int64: fc.constantFrom(1, 2),
  double: fc.constant(0.5),
  bytes: fc.constant('eA=='),
  quantity: fc.constantFrom('1', '1Gi'),
  intOrString: fc.constantFrom(1, '25%'),
  time: fc.constant('2026-01-01T00:00:00Z'),
  microTime: fc.constant('2026-01-01T00:00:00.000001Z'),
  duration: fc.constant('1m'),
  any: fc.constant({ a: 1 }),
}
const choice: Choice = { scalars, keys: word, deepest: 7, mostFields: 4 }

const OWNED_METADATA = ['labels', 'annotations', 'finalizers', 'ownerReferences']
const schemaOf = (kind: AnyKind): AnySchema => ({
  type: 'struct',
  presence: 'always',
  shape: kind.shape,
})

/** All that anybody will ever say of the object: what managers choose from. */
function universeOf(kind: AnyKind): fc.Arbitrary<Leaves> {
  return objectOf(kind.shape, choice)
    .map(({ apiVersion: _, kind: __, metadata, status, ...rest }) => {
      const owned = Object.entries(metadata as object).filter(([name]) =>
        OWNED_METADATA.includes(name),
      )
      return leavesOf(schemaOf(kind), {
        ...rest,
        ...(kind.subresources.status ? {} : { status }),
        metadata: Object.fromEntries(owned),
      })
    })
    .map(leaves => new Map([...leaves].filter(([path, leaf]) => says(path, leaf))))
}

/** Items without keys can not be told apart; empty things say nothing. */
const says = (path: Path, leaf: unknown) =>
  !path.includes('{"key":{}}') &&
  !(typeof leaf === 'object' && (leaf === null || Object.keys(leaf).length === 0))

/** Whether the path is of a key of the item that it is in: such a field comes and goes with its item. */
function keyPathsIn(path: Path): Path[] {
  const steps = JSON.parse(path) as unknown[]
  return steps.flatMap((step, index) => {
    const { key } = step as { key?: object }
    if (!key) return []
    const item = steps.slice(0, index + 1)
    return [item, ...Object.keys(key).map(name => [...item, name])].map(each =>
      JSON.stringify(each),
    )
  })
}

/** Some of the leaves, with the items that they are in, some with another value. */
function partOf(universe: Leaves): fc.Arbitrary<Leaves> {
  const choose = fc.tuple(fc.subarray([...universe.keys()]), fc.subarray([...universe.keys()]))
  return choose.map(([chosen, varied]) => {
    const paths = new Set(chosen.flatMap(path => [...keyPathsIn(path), path]))
    const keys = new Set(chosen.flatMap(keyPathsIn))
    // In the order of the universe, so that lists have one order.
    return new Map(
      [...universe]
        .filter(([path]) => paths.has(path))
        .map(([path, leaf]) => [
          path,
          varied.includes(path) && !keys.has(path) ? another(leaf) : leaf,
        ]),
    )
  })
}

function another(leaf: unknown): unknown {
  if (typeof leaf === 'number') return leaf + 1
  return typeof leaf === 'string' ? `${leaf}x` : leaf
}

interface Operation {
  readonly manager: 'alice' | 'bob' | 'carol'
  readonly part: Leaves
  readonly force: boolean
}

const operationsOf = (kind: AnyKind) =>
  universeOf(kind).chain(universe =>
    fc.record({
      universe: fc.constant(universe),
      operations: fc.array(
        fc.record<Operation>({
          manager: fc.constantFrom('alice', 'bob', 'carol'),
          part: partOf(universe),
          force: fc.boolean(),
        }),
        { minLength: 1, maxLength: 6 },
      ),
    }),
  )

/** The paths of FieldsV1. */
function pathsIn(fields: unknown, at: readonly unknown[] = []): Path[] {
  return Object.entries(fields as object).flatMap(([element, below]) => {
    if (element === '.') return []
    const text = element.slice(2)
    const step = element.startsWith('f:')
      ? text
      : element.startsWith('k:')
        ? { key: JSON.parse(text) }
        : { value: JSON.parse(text) }
    const steps = [...at, step]
    const path = JSON.stringify(steps)
    const isMember = Object.keys(below as object).length === 0 || Object.hasOwn(below, '.')
    return [...(isMember ? [path] : []), ...pathsIn(below, steps)]
  })
}

function pathText(path: Path): string {
  return (JSON.parse(path) as (string | { key?: Record<string, unknown>; value?: unknown })[])
    .map(step => {
      if (typeof step === 'string') return `.${step}`
      if (!step.key) return `[=${JSON.stringify(step.value)}]`
      const keys = Object.entries(step.key).map(
        ([name, value]) => `${name}=${JSON.stringify(value)}`,
      )
      return `[${keys.join(',')}]`
    })
    .join('')
}

const wholeOf = (kind: AnyKind, leaves: Leaves): KubernetesObject => {
  const object = objectWith(leaves)
  return {
    ...object,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { ...(object.metadata as object), name: 'x' },
  }
}

const sorted = (paths: Iterable<Path>) => [...new Set(paths)].sort()

class Run {
  readonly kind: AnyKind
  readonly universe: Leaves
  live: KubernetesObject | undefined
  state: State = { leaves: new Map(), owners: new Map() }

  constructor(kind: AnyKind, universe: Leaves) {
    this.kind = kind
    this.universe = universe
  }

  do({ manager, part, force }: Operation): void {
    if (manager === 'carol') this.update(part)
    else this.apply(manager, part, force)
    this.check()
  }

  update(part: Leaves): void {
    const next = wholeOf(this.kind, part)
    const writer = { manager: 'carol', subresource: '', time: '2026-01-01T00:00:00Z' }
    const managedFields = trackUpdate(this.kind, this.live, next, writer)
    this.state = this.isUntracked
      ? { leaves: part, owners: new Map() }
      : update(this.state, 'carol', part)
    this.live = { ...next, metadata: { ...next.metadata, managedFields } }
  }

  /** Nobody comes to own anything by writing what nobody has tracked so far. */
  get isUntracked(): boolean {
    return this.live !== undefined && (this.live.metadata.managedFields ?? []).length === 0
  }

  apply(manager: string, configuration: Leaves, force: boolean): void {
    // What nobody has tracked belongs to whoever wrote it.
    const before = new Set(this.state.leaves.keys())
    const state = this.isUntracked
      ? { ...this.state, owners: new Map([['before-first-apply', before]]) }
      : this.state
    const expected = apply(state, manager, { configuration, force })
    const options = { manager, subresource: '', time: '2026-01-01T00:00:00Z', force }
    try {
      const applied = wholeOf(this.kind, configuration)
      this.live = serverSideApply(this.kind, this.live, applied, options).object
    } catch (thrown) {
      if (!isStatus(thrown, 'Conflict')) throw thrown
      this.refused(thrown.details?.causes?.map(cause => cause.field ?? '') ?? [], expected)
      return
    }
    assert.ok('leaves' in expected, 'the model sees a conflict')
    this.state = expected
  }

  /** Who owned a container may still object when it comes again; of that the model knows nothing. */
  refused(fields: readonly string[], expected: ReturnType<typeof apply>): void {
    const conflicts = 'conflicts' in expected ? [...expected.conflicts].map(pathText) : []
    const known = new Set([...this.universe.keys()].map(pathText))
    assert.deepEqual(sorted(fields.filter(field => known.has(field))), sorted(conflicts))
    assert.ok(fields.length > 0)
  }

  check(): void {
    const {
      metadata,
      apiVersion: _,
      kind: __,
      ...rest
    } = this.live ?? wholeOf(this.kind, new Map())
    const { name: ___, managedFields = [], ...owned } = metadata
    const owners = managedFields.map(({ manager, fieldsV1 }) => ({
      manager,
      paths: pathsIn(fieldsV1),
    }))
    const leaves = leavesOf(schemaOf(this.kind), { ...rest, metadata: owned })
    const spoken = new Map([...leaves].filter(([path, leaf]) => says(path, leaf)))
    assert.deepEqual(Object.fromEntries(spoken), Object.fromEntries(this.state.leaves), 'values')
    for (const manager of ['alice', 'bob', 'carol', 'before-first-apply'])
      assert.deepEqual(
        sorted(
          owners
            .filter(owner => owner.manager === manager)
            .flatMap(({ paths }) => paths.filter(path => this.universe.has(path))),
        ),
        sorted(this.state.owners.get(manager) ?? []),
        `what ${manager} owns`,
      )
  }
}

for (const kind of kinds.filter(({ ephemeral }) => !ephemeral))
  test(`${apiVersionOf(kind)} ${kind.kind} is applied as the model says`, () => {
    fc.assert(
      fc.property(operationsOf(kind), ({ universe, operations }) => {
        const run = new Run(kind, universe)
        for (const operation of operations) run.do(operation)
      }),
      { numRuns: 20 },
    )
  })
