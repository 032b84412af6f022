import { runScenarios } from '../../controllers/testing/scenarios.ts'
import { CloudWorld } from '../testing/cloud-world.ts'

runScenarios(new URL('./node-route.scenarios.txt', import.meta.url), () =>
  new CloudWorld('node-route-controller').commands(),
)
