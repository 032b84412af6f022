import { runScenarios } from '../testing/scenarios.ts'
import { commandsOf, DaemonWorld } from './testing/daemon-world.ts'

runScenarios(new URL('./daemonset.scenarios.txt', import.meta.url), () =>
  commandsOf(new DaemonWorld()),
)
