/** Whatever a client sends that has the right types, no kind stumbles over it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lines } from './core/v1/testing.ts'
import { kinds } from './kinds.ts'
import { decodeObject } from './machinery/decode.ts'
import { applyDefaults } from './machinery/defaults.ts'
import { type AnyKind, apiVersionOf } from './machinery/kind.ts'
import type { KubernetesObject } from './machinery/metadata.ts'
import type { ScalarType } from './machinery/schema.ts'
import { type Choice, objectOf } from './machinery/testing.ts'

/** Deep enough for the environment of a container in a template, shallow enough to be quick. */
const DEEPEST = 6

const word = fc.constantFrom(
  '',
  'a',
  'web',
  'x.io/y',
  '../up',
  '/abs',
  '10.0.0.1',
  'None',
  '25%',
  'Ä',
)
const whole = fc.constantFrom(-1, 0, 1, 80, 70000)
const scalars: Record<ScalarType, fc.Arbitrary<unknown>> = {
  string: word,
  boolean: fc.boolean(),
  int32: whole,
  int64: whole,
  double: fc.constantFrom(0, 0.5),
  bytes: fc.constantFrom('', 'eA==', 'e30='),
  quantity: fc.constantFrom('0', '1', '100m', '1Gi', '-1'),
  intOrString: fc.oneof(whole, word),
  time: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T02:00:00Z'),
  microTime: fc.constantFrom('2026-01-01T00:00:00.000001Z'),
  duration: fc.constantFrom('1m30s'),
  any: fc.constantFrom({}, { a: 1 }),
}

/** Few fields at a time, or every object would be wrong in too many ways at once. */
const choice: Choice = {
  scalars,
  keys: fc.constantFrom('a', 'cpu', 'memory', 'B/C'),
  deepest: DEEPEST,
  mostFields: 4,
}

const containers = [{ name: 'web', image: 'nginx:1' }]
const labels = { app: 'web' }
const workload = {
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: { containers } },
}
const jobPods = { spec: { containers, restartPolicy: 'Never' } }
/** What chance would hardly ever get right, so that accepted objects are among those tried. */
const rightParts: Readonly<Record<string, object>> = {
  Pod: { containers },
  Deployment: workload,
  ReplicaSet: workload,
  DaemonSet: workload,
  StatefulSet: workload,
  Job: { template: jobPods },
  CronJob: { schedule: '@daily', jobTemplate: { spec: { template: jobPods } } },
  Service: { ports: [{ port: 80 }] },
}

function bodyOf(kind: AnyKind): fc.Arbitrary<Record<string, unknown>> {
  const right = rightParts[kind.kind]
  return fc.tuple(objectOf(kind.shape, choice), fc.boolean()).map(([body, helped]) => ({
    ...body,
    ...(right && helped ? { spec: { ...(body.spec as object), ...right } } : {}),
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'a',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
  }))
}

function draftOf(kind: AnyKind, body: unknown): KubernetesObject {
  const { object } = decodeObject(kind, body)
  applyDefaults(kind, object)
  return object
}

for (const kind of kinds)
  test(`${apiVersionOf(kind)} ${kind.kind} takes whatever has the right types`, async () => {
    await kind.prepareWrites?.()
    fc.assert(
      fc.property(bodyOf(kind), body => {
        const draft = draftOf(kind, body)
        const again = structuredClone(draft)
        applyDefaults(kind, again)
        assert.deepEqual(again, draft, 'defaults settle at once')

        const created = structuredClone(draft)
        kind.prepareForCreate(created)
        const errors = lines([...kind.validate(created), ...kind.validateCreate(created)])
        kind.warnings(created, undefined)
        for (const read of Object.values(kind.fieldSelectors))
          assert.equal(typeof read(created), 'string')
        kind.gracePeriodSeconds?.(created, undefined)

        const next = draftOf(kind, structuredClone(created))
        kind.prepareForUpdate(next, created)
        const updateErrors = lines([...kind.validate(next), ...kind.validateUpdate(next, created)])
        kind.validateStatusUpdate(draft, created)
        if (errors.length > 0) return
        assert.deepEqual(updateErrors, [], 'what was accepted may be written again')
        for (const { cell } of kind.columns) cell(created, 0)
      }),
      { numRuns: 60 },
    )
  })
