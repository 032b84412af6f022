import { runScenarios } from '../../controllers/testing/scenarios.ts'
import { CloudWorld } from '../testing/cloud-world.ts'

runScenarios(new URL('./cloud-node-lifecycle.scenarios.txt', import.meta.url), () =>
  new CloudWorld('cloud-node-lifecycle-controller').commands(),
)
