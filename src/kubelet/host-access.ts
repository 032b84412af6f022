/**
 * What the kubelet does on its machine, as an interface: the real one is `#host`'s, hollow nodes
 * have one in memory that costs next to nothing. Paths are absolute. Missing files are `undefined`,
 * everything else that fails rejects.
 */
import type { LinuxResources } from './runtime.ts'

export interface HostAccess {
  readonly facts: MachineFacts
  readonly files: Files
  readonly mounts: Mounts
  readonly network: ProbeNetwork
  /** What the whole machine uses, where its files do not tell. */
  readonly usage?: () => MachineUsage
  /** Absent where there are none. */
  readonly cgroups?: Cgroups
  /** Absent where nothing but directories can be mounted. */
  readonly disks?: Disks
  /** Absent where no plugins can run. */
  readonly pluginSockets?: PluginSockets
  /** Absent where there is none. */
  readonly journal?: Journal
  /** Absent where nobody tells. */
  readonly shutdowns?: Shutdowns
  /** Absent where nobody knows. */
  readonly topology?: () => Promise<MachineTopology>
  /** What getsubids(1) prints of the ids that are set aside for a user; undefined where there is no such user or program. Absent where ids mean nothing. */
  readonly subordinateIds?: (
    user: string,
  ) => Promise<{ readonly users: string; readonly groups: string } | undefined>
}

/** What services of the machine log. */
export interface Journal {
  /** Of units that have something in it, such as `cron.service`. */
  units(): Promise<ReadonlySet<string>>
  read(
    query: {
      readonly units: readonly string[]
      /** Both included; milliseconds since the epoch. */
      readonly sinceMs?: number | undefined
      readonly untilMs?: number | undefined
      readonly lastLines?: number | undefined
      /** A regular expression as Perl has them. */
      readonly pattern?: string | undefined
      /** 0 is the present one, -1 the one before. */
      readonly boot?: number | undefined
    },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array>
}

/** Who tells when the machine shuts down. */
export interface Shutdowns {
  /**
   * From now on a shutdown is told, and that it will not come after all; `lost` says that it is not any more, or that the lock is gone. Rejects
   * where nobody tells.
   */
  open(listener: {
    changed(isShuttingDown: boolean): void
    lost(why: string): void
  }): Promise<ShutdownWatch>
}

export interface ShutdownWatch {
  /** For how long a shutdown waits for locks. */
  maximumDelayMs(): Promise<number>
  /** Whether one is on its way now. */
  isShuttingDown(): Promise<boolean>
  /** Asks for more of that; it becomes so a moment later. */
  raiseMaximumDelay(delayMs: number): Promise<void>
  /** A shutdown waits for this lock until it is released by what is given. */
  holdLock(): Promise<() => Promise<void>>
  close(): void
}

/** File systems and devices. */
export interface Disks {
  /** Mounts a file system of that type; options as mount(8) takes them. */
  mount(what: {
    readonly source: string
    readonly target: string
    readonly type: string
    readonly options: readonly string[]
  }): Promise<void>
  /** Mounts a share of an NFS server, `server:/path`, with mount.nfs(8) where that is there. */
  mountNfs(what: {
    readonly server: string
    readonly path: string
    readonly target: string
    readonly options: readonly string[]
  }): Promise<void>
  /** The type of the file system on a device; empty on a device that has nothing. */
  fileSystemOn(device: string): Promise<string>
  /** Makes a file system; whatever the device had is lost. */
  format(device: string, type: string): Promise<void>
  /** Where all symlinks of the path lead; undefined where they lead nowhere. */
  realPath(path: string): Promise<string | undefined>
}

/** A socket on which a plugin of the node listens. */
export interface PluginSocket {
  readonly path: string
  /** Tells this socket from another that later takes its path. */
  readonly identity: string
}

/** The directory in which plugins make themselves known. */
export interface PluginSockets {
  /** Makes it where it is missing. */
  prepare(directory: string): Promise<void>
  /** All sockets in and below it but hidden ones. */
  list(directory: string): Promise<readonly PluginSocket[]>
  /** Calls `changed` when something in or below it may have changed; the returned function ends that. */
  watch(directory: string, changed: () => void): () => void
}

/** How processors and memory lie together. */
export interface MachineTopology {
  readonly cpus: readonly Cpu[]
  readonly nodes: readonly MemoryNode[]
}

export interface Cpu {
  readonly id: number
  /** Of which it is a thread; no two cores of the machine have the same. */
  readonly core: number
  readonly socket: number
  /** The memory node that is near. */
  readonly node: number
}

export interface MemoryNode {
  readonly id: number
  readonly memoryBytes: number
  /** Bytes by the name of the resource, such as `hugepages-2Mi`; part of its memory. */
  readonly hugePages: Readonly<Record<string, number>>
}

/** Of all that runs there, pods and system. */
export interface MachineUsage {
  /** Since some beginning; never becomes less. */
  readonly cpuUsageNanoseconds: number
  readonly memoryWorkingSetBytes: number
  readonly swapUsageBytes: number
  /** How much more there is; absent where nobody tells. */
  readonly swapAvailableBytes?: number
  readonly timestamp: number
}

/** Control groups by their path, such as `/kubepods/burstable`. */
export interface Cgroups {
  /** Why none can be made at and below `path`; undefined where they can. */
  problem(path: string): Promise<string | undefined>
  /** Makes it where it is not there yet. What is absent is not limited. */
  apply(path: string, limits: LinuxResources): Promise<void>
  /** With all that is empty below; false while something runs in it. */
  remove(path: string): Promise<boolean>
  /** Names of those directly below `path`. */
  names(path: string): Promise<readonly string[]>
  /** Ids of the processes in it and below. */
  processes(path: string): Promise<readonly number[]>
  /** Whether a group can say how much of it may be on disks; absent where nobody knows. */
  limitsSwap?(path: string): Promise<boolean>
  /** Of the machine's control groups. */
  version?(): Promise<1 | 2 | undefined>
  /** What it has used; undefined where there is none. Absent where nobody measures. */
  figures?(path: string): Promise<CgroupFigures | undefined>
}

/** Of a control group and all below it, but for its processes. Times are nanoseconds unless their name says otherwise; limits of 0 are none. */
export interface CgroupFigures {
  readonly cpu: {
    readonly usageNanoseconds: number
    readonly userNanoseconds: number
    readonly systemNanoseconds: number
    readonly periods: number
    readonly throttledPeriods: number
    readonly throttledNanoseconds: number
    readonly shares: number
    readonly quotaMicroseconds: number
    readonly periodMicroseconds: number
  }
  readonly memory: {
    readonly usageBytes: number
    /** Absent where the kernel does not tell. */
    readonly maximumUsageBytes?: number | undefined
    readonly workingSetBytes: number
    readonly cacheBytes: number
    readonly rssBytes: number
    readonly mappedFileBytes: number
    readonly activeFileBytes: number
    readonly inactiveFileBytes: number
    readonly swapBytes: number
    /** How much more may be there; undefined where there is no limit. */
    readonly swapAvailableBytes?: number | undefined
    readonly kernelBytes: number
    readonly failures: number
    readonly pageFaults: number
    readonly majorPageFaults: number
    /** Of processes in groups below it not counted. */
    readonly ownPageFaults: number
    readonly ownMajorPageFaults: number
    readonly limitBytes: number
    readonly swapLimitBytes: number
    readonly reservationBytes: number
  }
  readonly pids: {
    readonly processIds: readonly number[]
    readonly threads: number
    readonly limit: number
  }
  readonly io: readonly {
    readonly major: number
    readonly minor: number
    /** By what was done: `Read`, `Write`, … */
    readonly bytes: ReadonlyMap<string, number>
    readonly operations: ReadonlyMap<string, number>
  }[]
  readonly outOfMemoryKills: number
  /** Microseconds for which some or all of its processes had to wait; absent where the kernel does not tell. */
  readonly pressure?:
    | Readonly<Record<'cpu' | 'io' | 'memory', { readonly some: number; readonly full: number }>>
    | undefined
}

/** What a Node's status says about the machine. */
export interface MachineFacts {
  readonly hostname: string
  readonly cpuMillis: number
  readonly memoryBytes: number
  readonly ephemeralStorageBytes: number
  readonly machineId: string
  readonly systemUuid: string
  /** Of memory on its disks; absent where there is none. */
  readonly swapBytes?: number
  readonly bootId: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly operatingSystem: string
  /** In Go's words: amd64, arm64. */
  readonly architecture: string
}

export interface FileFacts {
  readonly kind:
    | 'file'
    | 'directory'
    | 'symlink'
    | 'socket'
    | 'blockDevice'
    | 'charDevice'
    | 'other'
  readonly size: number
  readonly mode: number
  /** Whose group it is; absent where there are no groups. */
  readonly group?: number
}

export interface OpenFile {
  /** Tells this file from another that later takes its name. */
  readonly identity: string
  size(): Promise<number>
  /** At most `length` bytes; fewer at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** What something takes of a disk. */
export interface StorageUsage {
  readonly bytes: number
  readonly inodes: number
}

export interface FileSystemSpace {
  readonly capacityBytes: number
  readonly availableBytes: number
  readonly inodes: number
  readonly inodesFree: number
}

export interface WriteOptions {
  readonly mode?: number
}

export interface Files {
  /** At most `limitBytes`, from the start. */
  read(path: string, limitBytes?: number): Promise<Uint8Array | undefined>
  /** Creates or replaces; never follows a symlink at `path`. */
  write(path: string, bytes: Uint8Array, options?: WriteOptions): Promise<void>
  open(path: string): Promise<OpenFile | undefined>
  /** Makes the directory and its parents; harmless where it exists. */
  makeDirectory(path: string, mode?: number): Promise<void>
  /** Names in a directory, none where it is missing. */
  names(path: string): Promise<readonly string[]>
  /** Does not follow a symlink at `path`. */
  facts(path: string): Promise<FileFacts | undefined>
  /** As `facts`, but of what the path finally leads to. */
  factsOfTarget(path: string): Promise<FileFacts | undefined>
  symlink(target: string, path: string): Promise<void>
  readLink(path: string): Promise<string | undefined>
  rename(from: string, to: string): Promise<void>
  /** Removes what is there, without following symlinks and without entering other mounts. */
  removeTree(path: string): Promise<void>
  /**
   * Gives everything below `path` to this group, group-readable, directories with the set-group-id
   * bit. Follows no symlinks.
   */
  giveToGroup(path: string, group: number, readOnly: boolean): Promise<void>
  /** Of all that is below `path`, without following symlinks and without entering other mounts. */
  usage(path: string): Promise<StorageUsage>
  /** Of the file system on which `path` is. */
  space(path: string): Promise<FileSystemSpace | undefined>
  chmod(path: string, mode: number): Promise<void>
  chown(path: string, user: number, group: number): Promise<void>
}

export interface Mounts {
  /** A memory file system; `sizeBytes` undefined leaves the kernel's default. */
  mountTmpfs(path: string, sizeBytes: number | undefined): Promise<void>
  /**
   * Binds `relative` inside `base` to `target` without ever leaving `base` through a symlink; makes a missing
   * directory inside `base`. Nobody who writes into the volume can redirect it.
   */
  bindInside(base: string, relative: string, target: string): Promise<void>
  /** Unmounts; harmless where nothing is mounted. */
  unmount(path: string): Promise<void>
  /** Everything mounted at or below `path`, the innermost first. */
  mountedBelow(path: string): Promise<readonly string[]>
}

export interface HttpProbe {
  readonly scheme: 'HTTP' | 'HTTPS'
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: readonly { readonly name: string; readonly value: string }[]
}

/** Success, or failure with the text that the event carries. */
export interface ProbeAnswer {
  readonly ok: boolean
  readonly output: string
  /** It counts as success, and yet `output` should be told. */
  readonly isDoubtful?: true
}

export interface ProbeNetwork {
  http(probe: HttpProbe, timeoutMs: number): Promise<ProbeAnswer>
  tcp(host: string, port: number, timeoutMs: number): Promise<ProbeAnswer>
  grpc(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeAnswer>
}
