/** Where a private containerd keeps its things, and its configuration. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { pauseImage } from './pause.ts'

export interface ContainerdPaths {
  readonly directory: string
  readonly root: string
  readonly state: string
  readonly socket: string
  readonly configFile: string
  readonly logFile: string
  readonly processIdFile: string
  readonly bootIdFile: string
  /** Folders of `hosts.toml` by registry: mirrors and the like, as containerd reads them. */
  readonly registries: string
  /** Whoever sets up the pod network writes its CNI configuration here. */
  readonly cniConfDirectory: string
}

/** A unix socket's path has at most 107 bytes, and containerd makes another with `.ttrpc` behind it. */
const maxSocketPathBytes = 107 - '.ttrpc'.length

export function containerdPaths(dataDirectory: string): ContainerdPaths {
  const directory = join(dataDirectory, 'containerd')
  const socket = join(directory, 'containerd.sock')
  const digest = createHash('sha256').update(directory).digest('hex').slice(0, 8)
  const fits = Buffer.byteLength(socket) <= maxSocketPathBytes
  return {
    directory,
    root: join(directory, 'root'),
    state: join(directory, 'state'),
    // The short path follows from the long one, so whoever comes later finds it.
    socket: fits ? socket : `/run/proa-${digest}/containerd.sock`,
    configFile: join(directory, 'config.toml'),
    logFile: join(directory, 'containerd.log'),
    processIdFile: join(directory, 'containerd.pid'),
    bootIdFile: join(directory, 'boot-id'),
    registries: join(directory, 'certs.d'),
    cniConfDirectory: join(dataDirectory, 'cni', 'net.d'),
  }
}

export type Snapshotter = 'overlayfs' | 'native'

export interface ConfigOptions {
  readonly paths: ContainerdPaths
  readonly snapshotter: Snapshotter
  readonly cniBinDirectory: string
  /** Who is killed first for want of memory may be made less likely to be than containerd is. */
  readonly maySpare: boolean
}

/** CAP_SYS_RESOURCE, as a bit of what `/proc/self/status` tells of a process. */
const SYS_RESOURCE = 1n << 24n

/** Whether the process of which this is told has the right to it. */
export function maySpare(status: string): boolean {
  const [, rights] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? []
  return rights !== undefined && (BigInt(`0x${rights}`) & SYS_RESOURCE) !== 0n
}

/** Plugins that nobody here asks for; each would cost start-up time and memory, or complain that its file system is missing. */
const disabledPlugins = [
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.tracing',
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.tracing.processor.v1.otlp',
]

/** What the machine's administrator has said of registries counts as well; our own folder is asked first. */
const systemRegistries = '/etc/containerd/certs.d'

/**
 * `restrict_oom_score_adj`: without CAP_SYS_RESOURCE a sandbox's score can't be lowered, and asking for it would fail the sandbox.
 * `enable_cdi`: known from 1.7 on, and off there unless one asks; 1.6 passes it over.
 * `use_local_image_pull`: asked for by containerd 2 alone, whose other way to pull takes the list of registries' folders for the name of one.
 * The streaming server listens on a free port of the loopback: CRI has no other way to hand out exec and attach.
 */
export function containerdConfig(options: ConfigOptions): string {
  const { paths, snapshotter, cniBinDirectory, maySpare: isFree } = options
  const text = JSON.stringify
  return `version = 2
root = ${text(paths.root)}
state = ${text(paths.state)}
disabled_plugins = ${text(disabledPlugins)}
oom_score = 0

[grpc]
  address = ${text(paths.socket)}

[debug]
  level = "warn"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(pauseImage)}
  restrict_oom_score_adj = ${!isFree}
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  enable_selinux = false
  disable_tcp_service = true
  enable_cdi = true
  cdi_spec_dirs = ["/etc/cdi", "/var/run/cdi"]

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = ${text(`${paths.registries}:${systemRegistries}`)}

[plugins."io.containerd.cri.v1.images"]
  use_local_image_pull = true

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = ${text(snapshotter)}
  default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = ${text(cniBinDirectory)}
  conf_dir = ${text(paths.cniConfDirectory)}
`
}
