/**
 * cri-tools' critest against a containerd as we set one up: its configuration and its CNI. The program is named by TEST_ASSET_CRITEST (`go test -c
 * sigs.k8s.io/cri-tools/cmd/critest`); images are our own, so what pulls others is left out.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { silentLog as log } from '#base/log.ts'
import { systemClock as clock } from '#host/clock.ts'
import { connectCri } from '../../src/kubelet/cri/cri.ts'
import { ensureImage } from '../../src/kubelet/cri/images.ts'
import { busyboxImage, busyboxTarball } from '../tools/busybox-image.ts'
import { containerdMissing, type PrivateContainerd, startContainerd } from './private-containerd.ts'

const program = process.env.TEST_ASSET_CRITEST ?? ''
const skip =
  containerdMissing() ||
  (!existsSync(program) && 'there is no critest here; TEST_ASSET_CRITEST may name one')

/** What needs no other image than one with a shell. */
const FOCUS = [
  'runtime should support basic operations on PodSandbox',
  'runtime should support basic operations on container',
  'runtime should support log',
  'runtime info',
  'idempotence',
]
/** Cases that may fail for a reason that is not ours. */
const EXPECTED: Readonly<Record<string, string>> = {
  'runtime should support execSync with timeout':
    'on a busy machine the process is still there when the case looks, a moment after its command took too long',
}
/** At least so many cases have to be run, or nothing was tried. */
const FEWEST = 18
const LIMIT_MS = 400_000

describe('critest', { skip, timeout: LIMIT_MS + 60_000 }, () => {
  let own: PrivateContainerd
  before(async () => {
    own = await startContainerd('198.18.34.0/24')
    const runtime = connectCri({ socketPath: own.containerd.socketPath, clock, log })
    const tarball = busyboxTarball() ?? Buffer.alloc(0)
    await ensureImage({ runtime, clock, ...own.containerd }, busyboxImage, () => tarball)
    await runtime.close()
  })
  after(() => own?.stop())

  test('finds the runtime as it should be', () => {
    const images = join(own.dataDirectory, 'images.yaml')
    writeFileSync(
      images,
      `defaultTestContainerImage: ${busyboxImage}\nwebServerTestImage: ${busyboxImage}\n`,
    )
    const report = join(own.dataDirectory, 'critest.xml')
    const { stdout, stderr } = spawnSync(
      program,
      [
        `--runtime-endpoint=unix://${own.containerd.socketPath}`,
        `--test-images-file=${images}`,
        '--ginkgo.no-color',
        `--ginkgo.focus=${FOCUS.join('|')}`,
        `--ginkgo.junit-report=${report}`,
      ],
      { encoding: 'utf8', timeout: LIMIT_MS, maxBuffer: 64 * 1024 * 1024 },
    )
    const said = `${stdout}${stderr}`
    const cases = [
      ...readFileSync(report, 'utf8').matchAll(/<testcase name="([^"]*)"[^>]*status="([^"]*)"/g),
    ]
    const of = (status: string) =>
      cases.filter(([, , each]) => each === status).map(([, name]) => name)
    const reasons = Object.keys(EXPECTED)
    const failed = of('failed').filter(name => !reasons.some(each => name?.includes(each)))
    assert.deepEqual(failed, [], said.slice(-5000))
    assert.ok(of('passed').length >= FEWEST, `${of('passed').length} passed`)
    console.log(`# ${of('passed').length} cases of critest passed`)
  })
})
