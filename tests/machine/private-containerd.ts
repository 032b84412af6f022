/** A containerd of a test's own, with a CNI network of its own, and nothing left behind. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog as log } from '#base/log.ts'
import { systemClock as clock } from '#host/clock.ts'
import { type Containerd, ensureContainerd } from '../../src/kubelet/cri/containerd.ts'
import { connectCri } from '../../src/kubelet/cri/cri.ts'
import { ensureImage } from '../../src/kubelet/cri/images.ts'
import { missingPackages, missingSentence } from '../../src/kubelet/cri/packages.ts'
import { resetContainerd } from '../../src/kubelet/cri/reset.ts'
import { busyboxImage, busyboxTarball } from '../tools/busybox-image.ts'
import type { OpenRuntime } from '../tools/runtime-contract.ts'

/** Why there can be none here. */
export function containerdMissing(): string | false {
  if (process.getuid?.() !== 0) return 'only root may run containers'
  const missing = missingPackages()
  if (missing) return missingSentence(missing)
  return busyboxTarball() === undefined && 'the Debian package busybox-static is missing'
}

/** Why it is too old for what came with its version 2. */
export function oldContainerd(): string | false {
  const said = spawnSync('containerd', ['--version'], { encoding: 'utf8' }).stdout ?? ''
  const [, version = 'none'] = / v?(\d+\.\d+\.\S+)/.exec(said) ?? []
  if (Number.parseInt(version, 10) >= 2) return false
  return `this needs containerd 2, and here is ${version}; TEST_ASSET_CONTAINERD may name a folder with a newer one, its shim, ctr and runc`
}

export interface PrivateContainerd {
  readonly dataDirectory: string
  readonly containerd: Containerd
  stop(): Promise<void>
}

/** `subnet` is a part of the block that is kept for tests. */
export async function startContainerd(subnet: string): Promise<PrivateContainerd> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'proa-containerd-'))
  const stop = async () => {
    await resetContainerd({ dataDirectory, clock, log })
    await rm(dataDirectory, { recursive: true, force: true })
  }
  try {
    const containerd = await ensureContainerd({ dataDirectory, clock, log, privateOnly: true })
    const ranges = [[{ subnet }]]
    const ipam = { type: 'host-local', dataDir: join(dataDirectory, 'ipam'), ranges }
    writeFileSync(
      join(containerd.cniConfDirectory, '10-test.conflist'),
      JSON.stringify({
        cniVersion: '0.4.0',
        name: `proa-test-${process.pid}`,
        plugins: [
          { type: 'ptp', ipam },
          { type: 'portmap', capabilities: { portMappings: true } },
        ],
      }),
    )
    return {
      dataDirectory,
      containerd,
      async stop() {
        containerd.release()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The same behind CRI, with an image that has a shell. */
export async function openContainerd(subnet: string): Promise<OpenRuntime> {
  const own = await startContainerd(subnet)
  const { containerd, dataDirectory } = own
  const runtime = connectCri({ socketPath: containerd.socketPath, clock, log })
  const close = async () => {
    await runtime.close()
    await own.stop()
  }
  try {
    const tarball = busyboxTarball() ?? Buffer.alloc(0)
    await ensureImage({ runtime, clock, ...containerd }, busyboxImage, () => tarball)
    while (!(await runtime.status()).networkReady)
      await new Promise(resolve => setTimeout(resolve, 50))
    const logDirectory = join(dataDirectory, 'logs')
    mkdirSync(logDirectory)
    const readLog = async (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')
    return { runtime, image: busyboxImage, logDirectory, readLog, close }
  } catch (error) {
    await close()
    throw error
  }
}
