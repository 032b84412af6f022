/** The messages of CRI v1 that we send and read, as tables of field numbers (kubernetes/cri-api, runtime.v1). Left out: Windows, alpha fields. */
import {
  boolean,
  bytes,
  integer,
  integers,
  list,
  message,
  nested,
  string,
  stringMap,
  strings,
} from '#base/protobuf.ts'

export const nothing = message({})

export const version = message({ runtimeName: string(2), runtimeVersion: string(3) })

const condition = message({
  type: string(1),
  status: boolean(2),
  reason: string(3),
  message: string(4),
})
const runtimeHandler = message({
  name: string(1),
  features: nested(2, message({ recursiveReadOnlyMounts: boolean(1), userNamespaces: boolean(2) })),
})
/** Handlers are told by containerd 2.0 and newer, features by 2.1. */
export const statusResponse = message({
  status: nested(1, message({ conditions: list(1, condition) })),
  runtimeHandlers: list(3, runtimeHandler),
  features: nested(4, message({ supplementalGroupsPolicy: boolean(1) })),
})

/** A number that may be absent, as against 0. */
const optionalInteger = message({ value: integer(1) })

const idMapping = message({ hostId: integer(1), containerId: integer(2), length: integer(3) })
/** Of the mode: 0 its own, 2 the node's. */
const userNamespace = message({
  mode: integer(1),
  uids: list(2, idMapping),
  gids: list(3, idMapping),
})
/** 0 pod, 1 container, 2 node, 3 target. */
const namespaceOption = message({
  network: integer(1),
  pid: integer(2),
  ipc: integer(3),
  users: nested(5, userNamespace),
})
const selinux = message({ user: string(1), role: string(2), type: string(3), level: string(4) })
/** 0 runtime's default, 1 unconfined, 2 a file on the node. */
const securityProfile = message({ profileType: integer(1), localhostRef: string(2) })

const linuxResources = message({
  cpuPeriod: integer(1),
  cpuQuota: integer(2),
  cpuShares: integer(3),
  memoryLimitInBytes: integer(4),
  oomScoreAdj: integer(5),
  cpusetCpus: string(6),
  cpusetMems: string(7),
  unified: stringMap(9),
  memorySwapLimitInBytes: integer(10),
})

const sandboxSecurityContext = message({
  namespaceOptions: nested(1, namespaceOption),
  selinuxOptions: nested(2, selinux),
  runAsUser: nested(3, optionalInteger),
  readonlyRootfs: boolean(4),
  supplementalGroups: integers(5),
  privileged: boolean(6),
  runAsGroup: nested(8, optionalInteger),
  seccomp: nested(9, securityProfile),
  apparmor: nested(10, securityProfile),
  /** 0 merged with the image's, 1 none but those that are named. */
  supplementalGroupsPolicy: integer(11),
})

const sandboxMetadata = message({
  name: string(1),
  uid: string(2),
  namespace: string(3),
  attempt: integer(4),
})

export const sandboxConfig = message({
  metadata: nested(1, sandboxMetadata),
  hostname: string(2),
  logDirectory: string(3),
  dnsConfig: nested(4, message({ servers: strings(1), searches: strings(2), options: strings(3) })),
  portMappings: list(
    5,
    message({
      protocol: integer(1),
      containerPort: integer(2),
      hostPort: integer(3),
      hostIp: string(4),
    }),
  ),
  labels: stringMap(6),
  annotations: stringMap(7),
  linux: nested(
    8,
    message({
      cgroupParent: string(1),
      securityContext: nested(2, sandboxSecurityContext),
      sysctls: stringMap(3),
    }),
  ),
})

export const runPodSandboxRequest = message({
  config: nested(1, sandboxConfig),
  runtimeHandler: string(2),
})
/** `pod_sandbox_id` or `container_id`, alone in many requests and answers. */
export const idOnly = message({ id: string(1) })

const podIp = message({ ip: string(1) })
export const podSandboxStatusResponse = message({
  status: nested(
    1,
    message({
      id: string(1),
      metadata: nested(2, sandboxMetadata),
      /** 0 ready, 1 not. */
      state: integer(3),
      createdAt: integer(4),
      network: nested(5, message({ ip: string(1), additionalIps: list(2, podIp) })),
      linux: nested(
        6,
        message({ namespaces: nested(1, message({ options: nested(2, namespaceOption) })) }),
      ),
      labels: stringMap(7),
      annotations: stringMap(8),
    }),
  ),
})
export const sandbox = message({
  id: string(1),
  metadata: nested(2, sandboxMetadata),
  state: integer(3),
  createdAt: integer(4),
  labels: stringMap(5),
  annotations: stringMap(6),
})
export const listPodSandboxResponse = message({ items: list(1, sandbox) })

const imageSpec = message({
  image: string(1),
  annotations: stringMap(2),
  userSpecified: string(18),
})
const containerMetadata = message({ name: string(1), attempt: integer(2) })
const mount = message({
  containerPath: string(1),
  hostPath: string(2),
  readonly: boolean(3),
  /** 0 private, 1 host to container, 2 both ways. */
  propagation: integer(5),
  uidMappings: list(6, idMapping),
  gidMappings: list(7, idMapping),
  recursiveReadOnly: boolean(8),
  /** In place of `hostPath`. */
  image: nested(9, message({ image: string(1) })),
  imageSubPath: string(10),
})

const containerSecurityContext = message({
  capabilities: nested(1, message({ add: strings(1), drop: strings(2) })),
  privileged: boolean(2),
  namespaceOptions: nested(3, namespaceOption),
  selinuxOptions: nested(4, selinux),
  runAsUser: nested(5, optionalInteger),
  runAsUsername: string(6),
  readonlyRootfs: boolean(7),
  supplementalGroups: integers(8),
  noNewPrivs: boolean(11),
  runAsGroup: nested(12, optionalInteger),
  maskedPaths: strings(13),
  readonlyPaths: strings(14),
  seccomp: nested(15, securityProfile),
  apparmor: nested(16, securityProfile),
  supplementalGroupsPolicy: integer(17),
})

export const containerConfig = message({
  metadata: nested(1, containerMetadata),
  image: nested(2, imageSpec),
  command: strings(3),
  args: strings(4),
  workingDir: string(5),
  envs: list(6, message({ key: string(1), value: string(2) })),
  mounts: list(7, mount),
  devices: list(
    8,
    message({ containerPath: string(1), hostPath: string(2), permissions: string(3) }),
  ),
  labels: stringMap(9),
  annotations: stringMap(10),
  logPath: string(11),
  stdin: boolean(12),
  stdinOnce: boolean(13),
  tty: boolean(14),
  linux: nested(
    15,
    message({
      resources: nested(1, linuxResources),
      securityContext: nested(2, containerSecurityContext),
    }),
  ),
  /** Known to containerd 1.7 and newer. */
  cdiDevices: list(17, message({ name: string(1) })),
  /** By its place among the API's names, from 1 on; 0 leaves it to the image. */
  stopSignal: integer(18),
})
export const createContainerRequest = message({
  podSandboxId: string(1),
  config: nested(2, containerConfig),
  sandboxConfig: nested(3, sandboxConfig),
})
export const stopContainerRequest = message({ containerId: string(1), timeout: integer(2) })

export const container = message({
  id: string(1),
  podSandboxId: string(2),
  metadata: nested(3, containerMetadata),
  /** 0 created, 1 running, 2 exited, 3 unknown. */
  state: integer(6),
  createdAt: integer(7),
  labels: stringMap(8),
  annotations: stringMap(9),
})
export const listContainersResponse = message({ containers: list(1, container) })
/** Asks for one container by its id. */
export const listContainersRequest = message({ filter: nested(1, message({ id: string(1) })) })

const containerUser = message({
  uid: integer(1),
  gid: integer(2),
  supplementalGroups: integers(3),
})

export const containerStatusResponse = message({
  status: nested(
    1,
    message({
      id: string(1),
      metadata: nested(2, containerMetadata),
      state: integer(3),
      createdAt: integer(4),
      startedAt: integer(5),
      finishedAt: integer(6),
      exitCode: integer(7),
      image: nested(8, imageSpec),
      imageRef: string(9),
      reason: string(10),
      message: string(11),
      labels: stringMap(12),
      annotations: stringMap(13),
      mounts: list(14, mount),
      logPath: string(15),
      resources: nested(16, message({ linux: nested(1, linuxResources) })),
      /** Told by containerd 2.1 and newer. */
      user: nested(18, message({ linux: nested(1, containerUser) })),
    }),
  ),
})
export const updateResourcesRequest = message({
  containerId: string(1),
  linux: nested(2, linuxResources),
})

export const checkpointRequest = message({
  containerId: string(1),
  location: string(2),
  timeout: integer(3),
})

export const execSyncRequest = message({
  containerId: string(1),
  cmd: strings(2),
  timeout: integer(3),
})
export const execSyncResponse = message({
  stdout: bytes(1),
  stderr: bytes(2),
  exitCode: integer(3),
})
export const execRequest = message({
  containerId: string(1),
  cmd: strings(2),
  tty: boolean(3),
  stdin: boolean(4),
  stdout: boolean(5),
  stderr: boolean(6),
})
export const attachRequest = message({
  containerId: string(1),
  stdin: boolean(2),
  tty: boolean(3),
  stdout: boolean(4),
  stderr: boolean(5),
})
export const portForwardRequest = message({ podSandboxId: string(1), port: integers(2) })
export const urlResponse = message({ url: string(1) })

export const image = message({
  id: string(1),
  repoTags: strings(2),
  repoDigests: strings(3),
  size: integer(4),
  uid: nested(5, optionalInteger),
  username: string(6),
})
export const listImagesResponse = message({ images: list(1, image) })
export const imageRequest = message({ image: nested(1, imageSpec) })
export const imageStatusResponse = message({ image: nested(1, image) })
const authConfig = message({
  username: string(1),
  password: string(2),
  auth: string(3),
  serverAddress: string(4),
  identityToken: string(5),
  registryToken: string(6),
})
export const pullImageRequest = message({
  image: nested(1, imageSpec),
  auth: nested(2, authConfig),
})
export const pullImageResponse = message({ imageRef: string(1) })

const unsigned = message({ value: integer(1) })
export const listContainerStatsResponse = message({
  stats: list(
    1,
    message({
      attributes: nested(1, message({ id: string(1) })),
      cpu: nested(2, message({ timestamp: integer(1), usageCoreNanoSeconds: nested(2, unsigned) })),
      memory: nested(3, message({ timestamp: integer(1), workingSetBytes: nested(2, unsigned) })),
      writableLayer: nested(
        4,
        message({ usedBytes: nested(3, unsigned), inodesUsed: nested(4, unsigned) }),
      ),
      swap: nested(5, message({ timestamp: integer(1), swapUsageBytes: nested(3, unsigned) })),
    }),
  ),
})

/** containerd's own events (containerd.services.events.v1): which task of which container started or exited. */
export const subscribeRequest = message({ filters: strings(1) })
export const eventEnvelope = message({
  namespace: string(2),
  topic: string(3),
  event: nested(4, message({ typeUrl: string(1), value: bytes(2) })),
})
export const taskExit = message({ containerId: string(1), id: string(2) })
export const taskStart = message({ containerId: string(1) })

export const verboseStatusRequest = message({ verbose: boolean(1) })
export const verboseStatusResponse = message({ info: stringMap(2) })
