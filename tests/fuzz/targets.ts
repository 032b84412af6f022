/** Whatever strangers can make the server read, each with what must hold of it. */
import type { Target } from './fuzzer.ts'
import { bodyTargets } from './targets.bodies.ts'
import { patchTargets } from './targets.patches.ts'
import { textTargets } from './targets.texts.ts'

export const targets: readonly Target[] = [...bodyTargets, ...patchTargets, ...textTargets]
