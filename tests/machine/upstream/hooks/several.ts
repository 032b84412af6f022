/** Several webhooks for one request: in which order, and who is asked again. */

import {
  del,
  hooks,
  jsonPatch,
  MAPS,
  mergePatch,
  mutating,
  named,
  post,
  put,
  rule,
  type Scene,
  validating,
} from './scenes.ts'
import { type Behaviour, patchOf } from './server.ts'

const ALL = { rules: [rule(['configmaps'], { operations: ['CREATE', 'UPDATE'] })] }
const AGAIN = { ...ALL, reinvocationPolicy: 'IfNeeded' }
const label =
  (key: string, value = 'yes'): Behaviour =>
  () => ({
    response: patchOf({ op: 'add', path: `/metadata/labels/${key}`, value }),
  })
/** Each time longer. */
const append =
  (letter: string): Behaviour =>
  ({ object }) => ({
    response: patchOf({ op: 'add', path: '/data/k', value: `${object?.data?.k ?? ''}${letter}` }),
  })
const once =
  (key: string): Behaviour =>
  ({ object }) =>
    object?.metadata.labels?.[key] ? { response: {} } : label(key)({})
const refuse =
  (message: string): Behaviour =>
  () => ({ response: { allowed: false, status: { message } } })
const warn =
  (...warnings: string[]): Behaviour =>
  () => ({ response: { warnings } })
const map = (name: string) => ({ ...named(name, { a: 'b' }), data: { k: 'v' } })
const WRITES = [
  post(MAPS, map('m')),
  mergePatch(`${MAPS}/m`, { data: { x: 'y' } }),
  put(`${MAPS}/m`, map('m')),
  put(`${MAPS}/m`, map('m')),
  jsonPatch(`${MAPS}/m`, []),
  del(`${MAPS}/m`),
]

export const SEVERAL: Readonly<Record<string, Scene>> = {
  'configurations are asked by name, webhooks in their order': {
    behaviours: { z: append('z'), a: append('a'), m: append('m'), b: append('b') },
    configurations: [
      mutating('b-second', hooks({ z: ALL, a: ALL })),
      mutating('a-first', hooks({ m: ALL, b: ALL })),
      mutating('c-third', hooks({ m: ALL })),
    ],
    asks: WRITES,
  },
  'who wants to be is asked again when another changed it': {
    behaviours: { one: append('1'), two: append('2'), three: append('3') },
    configurations: [mutating('again', hooks({ one: AGAIN, two: ALL, three: AGAIN }))],
    asks: WRITES,
  },
  'who was the only one to change it is not asked again': {
    behaviours: { one: append('1'), look: () => ({ response: {} }) },
    configurations: [mutating('again', hooks({ look: AGAIN, one: AGAIN }))],
    asks: WRITES,
  },
  'nobody is asked again of what stays': {
    behaviours: { one: once('one'), look: () => ({ response: {} }), same: label('a', 'b') },
    configurations: [mutating('again', hooks({ look: AGAIN, same: AGAIN, one: AGAIN }))],
    // Upstream takes what a patch made for changed or not, as it comes.
    asks: WRITES.filter(({ method }) => method !== 'PATCH'),
  },
  'in two configurations': {
    behaviours: { one: append('1'), two: append('2') },
    configurations: [
      mutating('x', hooks({ one: AGAIN })),
      mutating('y', hooks({ two: AGAIN, one: AGAIN })),
    ],
    asks: WRITES,
  },
  'one that refuses stops those after it': {
    behaviours: { one: append('1'), no: refuse('mutating says no'), two: append('2') },
    configurations: [mutating('x', hooks({ one: ALL, no: ALL, two: ALL }))],
    asks: WRITES.slice(0, 1),
  },
  'validating ones are all asked, and one refusal is told': {
    behaviours: { no: refuse('first'), also: refuse('second'), warns: warn('w1', 'w2') },
    configurations: [
      validating('a', hooks({ warns: ALL, no: ALL })),
      validating('b', hooks({ allows: ALL })),
    ],
    asks: WRITES.slice(0, 1),
  },
  'warnings of all are told in order': {
    behaviours: { one: warn('m1', 'same'), two: warn('m2', 'same'), three: warn('v1', 'same') },
    configurations: [
      mutating('a', hooks({ one: AGAIN, two: AGAIN })),
      validating('b', hooks({ three: ALL })),
    ],
    asks: WRITES,
  },
  'validating ones see what mutating ones made': {
    behaviours: { one: label('made') },
    configurations: [
      mutating('a', hooks({ one: ALL })),
      validating(
        'b',
        hooks({ look: { ...ALL, objectSelector: { matchLabels: { made: 'yes' } } } }),
      ),
    ],
    asks: WRITES,
  },
  'a mutating one is chosen by what others made': {
    behaviours: { one: label('made'), two: append('2') },
    configurations: [
      mutating(
        'a',
        hooks({
          one: ALL,
          two: { ...ALL, objectSelector: { matchLabels: { made: 'yes' } } },
          look: {
            ...ALL,
            matchConditions: [{ name: 'c', expression: 'object.metadata.labels.made == "yes"' }],
          },
        }),
      ),
    ],
    asks: WRITES.slice(0, 3),
  },
  'versions of reviews are chosen by the webhook': {
    configurations: [
      validating(
        'v',
        hooks({
          old: { ...ALL, admissionReviewVersions: ['v1beta1'] },
          both: { ...ALL, admissionReviewVersions: ['v1beta1', 'v1'] },
          newer: { ...ALL, admissionReviewVersions: ['v1', 'v1beta1'] },
          unknown: { ...ALL, admissionReviewVersions: ['v9', 'v1beta1', 'v1'] },
        }),
      ),
      mutating('v', hooks({ old: { ...ALL, admissionReviewVersions: ['v1beta1'] } })),
    ],
    asks: WRITES,
  },
}
