/** The machine's own containerd, where one runs and can serve us. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { hasCapability } from '#host/background-process.ts'
import { command } from '#host/command.ts'
import type { Containerd } from './containerd.ts'
import { connectCri, criProblem } from './cri.ts'
import { connectGrpc } from './grpc.ts'
import { ensureImage, loadImageTarball } from './images.ts'
import { verboseStatusRequest, verboseStatusResponse } from './messages.ts'
import { cniDirectories, findProgram } from './packages.ts'
import { pauseImage, pauseTarball } from './pause.ts'

export const systemSocketPath = '/run/containerd/containerd.sock'
const answerTimeoutMs = 2_000
/** CAP_SYS_RESOURCE: whoever lacks it can't lower a process's OOM score. */
const sysResource = 24

interface CriConfig {
  readonly sandboxImage?: string
  readonly restrictOOMScoreAdj?: boolean
  /** containerd 2 has several directories of programs, and an older one has `binDir`. */
  readonly cni?: {
    readonly binDir?: string
    readonly binDirs?: readonly string[] | null
    readonly confDir?: string
  }
  readonly containerd?: {
    readonly snapshotter?: string
    readonly defaultRuntimeName?: string
    readonly runtimes?: Readonly<
      Record<string, { readonly options?: { readonly SystemdCgroup?: boolean } }>
    >
  }
}

/** Undefined where none answers CRI, or it is configured so that sandboxes would fail here. */
export async function systemContainerd(
  socketPath: string,
  tools: { clock: Clock; log: Log },
): Promise<Containerd | undefined> {
  const problem = await criProblem({ socketPath, ...tools, timeoutMs: answerTimeoutMs })
  if (problem !== undefined) return undefined
  const config = await configOf(socketPath, tools.clock)
  if (!config.restrictOOMScoreAdj && !(await hasCapability(sysResource))) {
    tools.log.info(
      'the containerd of this machine can not start pods here (restrict_oom_score_adj is off and CAP_SYS_RESOURCE is missing); a private one is used',
    )
    return undefined
  }
  const images: ImageSettings = config.sandboxImage === undefined ? await imagesOf() : config
  const snapshotter = config.containerd?.snapshotter || images.snapshotter || 'overlayfs'
  const runtime = connectCri({ socketPath, ...tools })
  // Its sandbox image has a name that a registry serves; ours under that name saves the pull.
  const image = images.sandboxImage || pauseImage
  try {
    const store = { runtime, clock: tools.clock, socketPath, snapshotter }
    await ensureImage(store, image, () => pauseTarball(image))
  } finally {
    await runtime.close()
  }
  return {
    socketPath,
    snapshotter,
    isPrivate: false,
    cgroupDriver: usesSystemd(config) ? 'systemd' : 'cgroupfs',
    cniConfDirectory: config.cni?.confDir || '/etc/cni/net.d',
    cniBinDirectory: cniBinDirectoryOf(config),
    restoreSandboxImage: () => loadImageTarball({ socketPath, snapshotter }, pauseTarball(image)),
    release() {},
  }
}

export const cniBinDirectoryOf = ({ cni = {} }: CriConfig): string =>
  cni.binDirs?.[0] || cni.binDir || cniDirectories[1] || ''

function usesSystemd({ containerd = {} }: CriConfig): boolean {
  const { defaultRuntimeName = 'runc', runtimes = {} } = containerd
  return runtimes[defaultRuntimeName]?.options?.SystemdCgroup === true
}

interface ImageSettings {
  readonly sandboxImage?: string
  readonly snapshotter?: string
}

/** containerd 2 does not tell by CRI what it has for images: its program does, of the usual configuration file. */
async function imagesOf(): Promise<ImageSettings> {
  const program = findProgram('containerd')
  if (!program) return {}
  return imageSettingsIn(await command(program, ['config', 'dump']).catch(() => ''))
}

/** Of what `containerd config dump` prints. */
export function imageSettingsIn(dump: string): ImageSettings {
  const valueIn = (section: string, key: string) => {
    const [, body = ''] = dump.split(new RegExp(`^ *\\[plugins\\.['"]${section} *$`, 'm'))
    const ofSection = body.split(/^ *\[/m)[0] ?? ''
    return new RegExp(`^ *${key} = ['"]([^'"]+)['"]`, 'm').exec(ofSection)?.[1]
  }
  const plugin = 'io\\.containerd\\.cri\\.v1\\.images[\'"]'
  const sandboxImage = valueIn(`${plugin}\\.pinned_images\\]`, 'sandbox')
  const snapshotter = valueIn(`${plugin}\\]`, 'snapshotter')
  return { ...(sandboxImage ? { sandboxImage } : {}), ...(snapshotter ? { snapshotter } : {}) }
}

/** CRI's verbose status carries containerd's CRI configuration as JSON. */
async function configOf(socketPath: string, clock: Clock): Promise<CriConfig> {
  const grpc = connectGrpc({ socketPath, clock })
  try {
    const answer = await grpc.call({
      path: '/runtime.v1.RuntimeService/Status',
      request: verboseStatusRequest.encode({ verbose: true }),
      timeoutMs: answerTimeoutMs,
    })
    const { config } = verboseStatusResponse.decode(answer).info
    return JSON.parse(config ?? '{}')
  } catch {
    return {}
  } finally {
    grpc.close()
  }
}
