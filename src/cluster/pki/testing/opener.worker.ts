/** One of several that open the same directories of keys at the same moments. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { systemRandom } from '#host/random.ts'
import { ensurePki } from '../pki.ts'

const { directories, barrier, openers } = workerData as {
  directories: readonly string[]
  barrier: Int32Array
  openers: number
}

for (const [round, directory] of directories.entries()) {
  Atomics.add(barrier, 0, 1)
  while (Atomics.load(barrier, 0) < (round + 1) * openers);
  try {
    const pki = ensurePki({
      ...{ directory, names: [], ips: [], files: systemFiles },
      ...{ clock: systemClock, random: systemRandom },
    })
    const { authority, frontProxyAuthority, serviceAccountKey } = pki
    const leaves = [pki.server(), pki.client('admin'), pki.client('front-proxy-client')]
    const keys = leaves.map(({ key }) => key)
    parentPort?.postMessage({
      round,
      opened: { authority, frontProxyAuthority, serviceAccountKey, keys },
    })
  } catch (error) {
    parentPort?.postMessage({ round, failed: String(error) })
  }
}
