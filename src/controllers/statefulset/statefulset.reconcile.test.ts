import { runScenarios } from '../testing/scenarios.ts'
import { commandsOf, StatefulWorld } from './testing/stateful-world.ts'

runScenarios(new URL('./statefulset.scenarios.txt', import.meta.url), () =>
  commandsOf(new StatefulWorld()),
)
