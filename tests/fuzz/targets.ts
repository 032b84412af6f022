/** Whatever strangers can make the server read, each with what must hold of it. */
import { type Fuzzed, type FuzzOptions, fuzz, type Target } from './fuzzer.ts'
import { fuzzRequests } from './requests.ts'
import { bodyTargets } from './targets.bodies.ts'
import { expressionTargets } from './targets.expressions.ts'
import { http2Targets } from './targets.http2.ts'
import { patchTargets } from './targets.patches.ts'
import { textTargets } from './targets.texts.ts'

export const targets: readonly Target[] = [
  ...bodyTargets,
  ...expressionTargets,
  ...http2Targets,
  ...patchTargets,
  ...textTargets,
]

export const fuzzed: readonly Fuzzed[] = [
  ...targets.map(target => ({
    name: target.name,
    run: (options: FuzzOptions) => fuzz(target, options),
  })),
  { name: 'requests', run: fuzzRequests },
]
