/** The runtime in memory keeps to what kubelets count on, as containerd does (tests/machine/runtime-contract.test.ts). */
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { createAddressPool } from '../../src/simulation/hollow/addresses.ts'
import { createHollowRuntime } from '../../src/simulation/hollow/hollow-runtime.ts'
import { createMemoryFiles } from '../../src/simulation/hollow/memory-files.ts'
import { HollowUsage } from '../../src/simulation/hollow/usage.ts'
import { runtimeContract } from '../tools/runtime-contract.ts'

runtimeContract('the hollow runtime', async () => {
  const files = createMemoryFiles()
  const runtime = createHollowRuntime({
    clock: systemClock,
    random: systemRandom,
    files,
    usage: new HollowUsage(systemClock),
    addresses: createAddressPool('10.244.0.0/24'),
  })
  return {
    runtime,
    image: 'busybox:latest',
    logDirectory: '/var/log/pods',
    readLog: async path => Buffer.from((await files.read(path)) ?? '').toString(),
    close: () => runtime.close(),
  }
})
