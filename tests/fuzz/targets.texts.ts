/** Short texts: paths, headers, queries and scalar values. */
import assert from 'node:assert/strict'
import { kinds } from '../../src/api/kinds.ts'
import { canonicalDuration } from '../../src/api/machinery/duration.ts'
import { compileFieldSelector, parseFieldSelector } from '../../src/api/machinery/field-selector.ts'
import type { AnyKind } from '../../src/api/machinery/kind.ts'
import { parseLabelSelector } from '../../src/api/machinery/label-selector.ts'
import type { KubernetesObject } from '../../src/api/machinery/metadata.ts'
import { canonicalQuantity } from '../../src/api/machinery/quantity.ts'
import { canonicalMicroTime, canonicalTime } from '../../src/api/machinery/time.ts'
import { negotiate } from '../../src/apiserver/media-type.ts'
import {
  parseRequestInfo,
  type RequestInfo,
  UnreadablePathError,
} from '../../src/apiserver/request-info.ts'
import { decodeContinue, encodeContinue } from '../../src/apiserver/watch-cache/continue-token.ts'
import type { Target } from './fuzzer.ts'
import { POD } from './samples.ts'

const pod = kinds.find(({ kind }) => kind === 'Pod') as AnyKind
const object = POD as unknown as KubernetesObject
const PREFIX = '/registry/pods/'

function textTarget(
  name: string,
  samples: readonly string[],
  words: readonly string[],
  run: (text: string) => void,
): Target {
  return { name, samples, words, run: input => run(Buffer.from(input).toString()) }
}

/** Undefined for a path that leaves out what is meant, which is answered with 500 as upstream does. */
function readPath(path: string): RequestInfo | undefined {
  try {
    return parseRequestInfo('GET', path)
  } catch (thrown) {
    if (thrown instanceof UnreadablePathError) return undefined
    throw thrown
  }
}

/** What is canonical stays as it is. */
const canonical =
  (...all: ((text: string) => string)[]) =>
  (text: string) => {
    for (const each of all) {
      const once = each(text)
      assert.equal(each(once), once)
    }
  }

export const textTargets: readonly Target[] = [
  textTarget(
    'label selectors',
    ['app=web,tier!=db', 'app in (a, b),!x', 'env notin (p),y', 'n>1,m<5', 'a==b'],
    [',', '=', '!=', '!', ' in ', ' notin ', '(', ')', '>', '<', '__proto__', 'a/', '\\'],
    text => {
      const matcher = parseLabelSelector(text)
      const all: (Record<string, string> | undefined)[] = [undefined, {}, { app: 'web' }]
      for (const labels of all) matcher.matches(labels)
    },
  ),
  textTarget(
    'field selectors',
    ['metadata.name=a', 'spec.nodeName!=n,status.phase==Running', 'metadata.name=a\\,b\\=c'],
    [',', '=', '==', '!=', '\\', '\\,', 'metadata.', '__proto__', 'constructor='],
    text => {
      parseFieldSelector(text)
      compileFieldSelector(pod, text)(object)
    },
  ),
  textTarget(
    'continue tokens',
    [
      encodeContinue(PREFIX, { revision: 5, after: 'default/a' }),
      encodeContinue(PREFIX, { revision: -1, after: '' }),
    ],
    ['eyJ2Ijoi', '=', '-', '_', '//', 'bnVsbA', 'W10'],
    text => {
      const token = decodeContinue(PREFIX, text)
      assert.deepEqual(decodeContinue(PREFIX, encodeContinue(PREFIX, token)), token)
    },
  ),
  textTarget(
    'request paths',
    [
      '/api/v1/namespaces/default/pods/web/status?fieldManager=a&dryRun=All',
      '/apis/apps/v1/watch/deployments?watch=1&fieldSelector=metadata.name%3Da',
      '/api/v1/namespaces/kube-system/services/https:a:b/proxy/x/..%2fy?z',
    ],
    [
      '/',
      '//',
      '/..',
      '/.',
      '%2f',
      '%00',
      '%',
      '?',
      '&',
      'watch=',
      'namespaces/',
      'proxy/',
      '\\',
      '#',
    ],
    text => {
      const info = readPath(text)
      if (!info) return
      assert.ok(!/[/\0]/.test(info.namespace) && !info.name.includes('/'))
      assert.ok(!info.rest[0]?.includes('\0'))
      assert.ok(!['.', '..'].includes(info.namespace) && !['.', '..'].includes(info.resource))
    },
  ),
  textTarget(
    'Accept headers',
    [
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
      'application/vnd.kubernetes.protobuf,application/cbor;q=0.5, */*;q=0.1',
    ],
    [';', ',', '=', '*/*', 'q=', '"', 'as=', 'application/', 'pretty=1', 'stream=watch'],
    text => {
      for (const isStream of [false, true]) negotiate(text, { isStream })
    },
  ),
  textTarget(
    'quantities',
    ['1500m', '64Mi', '1.5e3', '-0.1Ki', '9223372036854775807', '1e-9', '+.5G'],
    ['0', '9', '.', 'e', 'E', '-', '+', 'Ki', 'n', 'u', '1e', '999999999999'],
    canonical(canonicalQuantity),
  ),
  textTarget(
    'durations',
    ['1h2m3.5s', '300ms', '-1.5h', '0', '10us', '2540400h'],
    ['h', 'm', 's', 'ms', 'us', 'µs', 'ns', '.', '-', '+', '9', '0'],
    canonical(canonicalDuration),
  ),
  textTarget(
    'times',
    [
      '2026-01-02T03:04:05Z',
      '2026-01-02T03:04:05.123456+02:00',
      '2026-01-02T03:04:05.123456789+02:00',
      '0001-01-01T00:00:00Z',
    ],
    ['-', ':', 'T', 'Z', '.', '+', '0', '9', '2', '+23:59'],
    canonical(canonicalTime, canonicalMicroTime),
  ),
]
