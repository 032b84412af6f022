import { runScenarios } from '../testing/scenarios.ts'
import { BinderWorld, commandsOf } from './testing/binder-world.ts'

runScenarios(new URL('./persistentvolume-binder.scenarios.txt', import.meta.url), () =>
  commandsOf(new BinderWorld()),
)
