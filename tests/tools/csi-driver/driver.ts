/**
 * A small CSI driver for tests: volumes are directories and files of a state directory, mounts are bind mounts, devices are loop devices.
 * It registers with a kubelet as real ones do, notes every call in a file, and fails where a file says so. Run it as a process:
 *
 *   node driver.ts --root KUBELET_DIRECTORY --state DIRECTORY [--name NAME]
 */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { Server, ServerCredentials, type ServiceDefinition, status } from '@grpc/grpc-js'
import type { Message, TypeOf } from '#base/protobuf.ts'
import { mountsUnder } from '#host/mount-table.ts'
import * as registration from '../../../src/kubelet/plugin-registration/messages.ts'
import * as messages from '../../../src/kubelet/volumes/csi/messages.ts'

const { values } = parseArgs({
  options: {
    root: { type: 'string', default: '/var/lib/kubelet' },
    state: { type: 'string', default: '/tmp/csi-driver' },
    name: { type: 'string', default: 'test.csi.proa' },
  },
})
const { root, state, name } = values
const DEVICE_BYTES = 16 * 1024 * 1024
const endpoint = join(root, 'plugins', name, 'csi.sock')
const registrationSocket = join(root, 'plugins_registry', `${name}-reg.sock`)

class Refusal extends Error {
  readonly code: number

  constructor(code: number, text: string) {
    super(text)
    this.code = code
  }
}

const directoryOf = (volumeId = '') => join(state, 'volumes', encodeURIComponent(volumeId))
/** The kernel knows mounts by where links of their paths lead. */
const isMounted = async (path: string) => {
  if (!existsSync(path)) return false
  const real = realpathSync(path)
  return (await mountsUnder(real)).includes(real)
}
const run = (program: string, ...words: string[]) =>
  execFileSync(program, words, { encoding: 'utf8' }).trim()

async function bind(source: string, target: string, readOnly = false): Promise<void> {
  if (await isMounted(target)) return
  run('mount', '--bind', source, target)
  if (readOnly) run('mount', '-o', 'remount,bind,ro', target)
}

async function unbind(target = ''): Promise<void> {
  if (await isMounted(target)) run('umount', target)
  if (!existsSync(target)) return
  // Never anything that is in it.
  if (statSync(target).isDirectory()) rmdirSync(target)
  else rmSync(target)
}

/** A file of the volume behind a loop device; the same one as long as the volume is staged. */
function deviceOf(volumeId: string): string {
  const file = `${directoryOf(volumeId)}.img`
  if (!existsSync(file)) {
    const handle = openSync(file, 'w')
    ftruncateSync(handle, DEVICE_BYTES)
    closeSync(handle)
  }
  const there = run('losetup', '-j', file, '-n', '-O', 'NAME').split('\n')[0]
  return there || run('losetup', '-f', '--show', file)
}

type Question<M> = TypeOf<M>
const { nodeCapability } = messages

const node = {
  NodeGetInfo: [
    messages.nothing,
    messages.getInfoResponse,
    async () => ({
      nodeId: 'node-of-test',
      maxVolumesPerNode: 7,
      accessibleTopology: { segments: { [`topology.${name}/node`]: 'here' } },
    }),
  ],
  NodeGetCapabilities: [
    messages.nothing,
    messages.getCapabilitiesResponse,
    async () => ({
      capabilities: [
        nodeCapability.stageUnstageVolume,
        nodeCapability.getVolumeStats,
        nodeCapability.expandVolume,
        nodeCapability.singleNodeMultiWriter,
      ].map(type => ({ rpc: { type } })),
    }),
  ],
  NodeStageVolume: [
    messages.stageRequest,
    messages.nothing,
    async (asked: Question<typeof messages.stageRequest>) => {
      mkdirSync(directoryOf(asked.volumeId), { recursive: true, mode: 0o777 })
      if (asked.volumeCapability?.block) deviceOf(asked.volumeId)
      else await bind(directoryOf(asked.volumeId), asked.stagingTargetPath)
      return {}
    },
  ],
  NodeUnstageVolume: [
    messages.unstageRequest,
    messages.nothing,
    async (asked: Question<typeof messages.unstageRequest>) => {
      if (await isMounted(asked.stagingTargetPath)) run('umount', asked.stagingTargetPath)
      if (existsSync(`${directoryOf(asked.volumeId)}.img`))
        run('losetup', '-d', deviceOf(asked.volumeId))
      return {}
    },
  ],
  NodePublishVolume: [
    messages.publishRequest,
    messages.nothing,
    async (asked: Question<typeof messages.publishRequest>) => {
      const { volumeId, targetPath, stagingTargetPath, volumeCapability, readonly } = asked
      mkdirSync(dirname(targetPath), { recursive: true })
      if (volumeCapability?.block) {
        if (!existsSync(targetPath)) closeSync(openSync(targetPath, 'w'))
        await bind(deviceOf(volumeId), targetPath)
        return {}
      }
      const isInline = asked.volumeContext['csi.storage.k8s.io/ephemeral'] === 'true'
      if (isInline) mkdirSync(directoryOf(volumeId), { recursive: true, mode: 0o777 })
      mkdirSync(targetPath, { recursive: true })
      await bind(isInline ? directoryOf(volumeId) : stagingTargetPath, targetPath, readonly)
      return {}
    },
  ],
  NodeUnpublishVolume: [
    messages.unpublishRequest,
    messages.nothing,
    async (asked: Question<typeof messages.unpublishRequest>) => {
      await unbind(asked.targetPath)
      return {}
    },
  ],
  NodeExpandVolume: [
    messages.expandRequest,
    messages.expandResponse,
    async (asked: Question<typeof messages.expandRequest>) => ({
      capacityBytes: asked.capacityRange?.requiredBytes ?? 0,
    }),
  ],
  NodeGetVolumeStats: [
    messages.statsRequest,
    messages.statsResponse,
    async () => ({
      usage: [
        { unit: 1, total: 1_000_000, used: 250_000, available: 750_000 },
        { unit: 2, total: 100, used: 10, available: 90 },
      ],
    }),
  ],
} as const

const getInfo = [
  registration.nothing,
  registration.pluginInfo,
  async () => ({ type: 'CSIPlugin', name, endpoint, supportedVersions: ['1.0.0'] }),
] as const
const notify = [
  registration.registrationStatus,
  registration.nothing,
  async (asked: Question<typeof registration.registrationStatus>) => {
    process.stdout.write(`${asked.error || 'registered'}\n`)
    return {}
  },
] as const

// biome-ignore lint/suspicious/noExplicitAny: a table of calls of any sort
type Call = readonly [Message<any>, Message<any>, (asked: any) => Promise<any>]

/** `fail-METHOD` in the state directory holds a code and a sentence: what that call answers, until the file is gone. */
function refuseWhereAsked(method: string): void {
  const file = join(state, `fail-${method}`)
  if (!existsSync(file)) return
  const [code = '', ...words] = readFileSync(file, 'utf8').trim().split(' ')
  throw new Refusal(status[code as keyof typeof status] ?? status.INTERNAL, words.join(' '))
}

function serve(path: string, service: string, calls: Readonly<Record<string, Call>>) {
  const definitions: Record<string, unknown> = {}
  const handlers: Record<string, unknown> = {}
  for (const [method, [request, response, answer]] of Object.entries(calls)) {
    definitions[method] = {
      path: `/${service}/${method}`,
      ...{ requestStream: false, responseStream: false },
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => request.decode(bytes),
      responseSerialize: (value: object) => Buffer.from(response.encode(value)),
      responseDeserialize: (bytes: Buffer) => bytes,
    }
    handlers[method] = async (
      { request: asked }: { request: object },
      reply: (error: object | null, value?: object) => void,
    ) => {
      let error = ''
      try {
        refuseWhereAsked(method)
        reply(null, await answer(asked))
      } catch (thrown) {
        error = (thrown as Error).message
        reply({ code: (thrown as Refusal).code ?? status.INTERNAL, details: error })
      }
      appendFileSync(join(state, 'calls'), `${JSON.stringify({ method, ...asked, error })}\n`)
    }
  }
  const server = new Server()
  server.addService(definitions as unknown as ServiceDefinition, handlers as never)
  mkdirSync(dirname(path), { recursive: true })
  rmSync(path, { force: true })
  return new Promise<Server>((resolve, reject) => {
    server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), error =>
      error ? reject(error) : resolve(server),
    )
  })
}

mkdirSync(join(state, 'volumes'), { recursive: true })
const servers = [
  await serve(endpoint, 'csi.v1.Node', node),
  await serve(registrationSocket, 'pluginregistration.Registration', {
    GetInfo: getInfo,
    NotifyRegistrationStatus: notify,
  }),
]
process.on('SIGTERM', () => {
  for (const server of servers) server.forceShutdown()
  rmSync(registrationSocket, { force: true })
  process.exit(0)
})
