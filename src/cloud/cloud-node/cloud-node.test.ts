import { runScenarios } from '../../controllers/testing/scenarios.ts'
import { CloudWorld } from '../testing/cloud-world.ts'

runScenarios(new URL('./cloud-node.scenarios.txt', import.meta.url), () =>
  new CloudWorld('cloud-node-controller').commands(),
)
