/** Whatever strangers can make the server read, each with what must hold of it. */
import type { Target } from './fuzzer.ts'
import { bodyTargets } from './targets.bodies.ts'
import { http2Targets } from './targets.http2.ts'
import { patchTargets } from './targets.patches.ts'
import { textTargets } from './targets.texts.ts'

export const targets: readonly Target[] = [
  ...bodyTargets,
  ...http2Targets,
  ...patchTargets,
  ...textTargets,
]
