import { runScenarios } from '../../controllers/testing/scenarios.ts'
import { CloudWorld } from '../testing/cloud-world.ts'

runScenarios(new URL('./service-lb.scenarios.txt', import.meta.url), () =>
  new CloudWorld('service-lb-controller').commands(),
)
