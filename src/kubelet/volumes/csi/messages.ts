/** The messages of CSI v1 (container-storage-interface/spec, csi.v1) that a node sends and reads, as tables of field numbers. */
import {
  boolean,
  integer,
  list,
  message,
  nested,
  string,
  stringMap,
  strings,
  type TypeOf,
} from '#base/protobuf.ts'

export const nothing = message({})

/** Of a node service, as it names them by number. */
export const nodeCapability = {
  stageUnstageVolume: 1,
  getVolumeStats: 2,
  expandVolume: 3,
  volumeCondition: 4,
  singleNodeMultiWriter: 5,
  volumeMountGroup: 6,
} as const

export const accessMode = {
  singleNodeWriter: 1,
  multiNodeReaderOnly: 3,
  multiNodeMultiWriter: 5,
  singleNodeSingleWriter: 6,
  singleNodeMultiWriter: 7,
} as const

const volumeCapability = message({
  block: nested(1, nothing),
  mount: nested(
    2,
    message({ fsType: string(1), mountFlags: strings(2), volumeMountGroup: string(3) }),
  ),
  accessMode: nested(3, message({ mode: integer(1) })),
})
export type VolumeCapability = Partial<TypeOf<typeof volumeCapability>>

export const getCapabilitiesResponse = message({
  capabilities: list(1, message({ rpc: nested(1, message({ type: integer(1) })) })),
})

export const getInfoResponse = message({
  nodeId: string(1),
  maxVolumesPerNode: integer(2),
  accessibleTopology: nested(3, message({ segments: stringMap(1) })),
})

export const stageRequest = message({
  volumeId: string(1),
  publishContext: stringMap(2),
  stagingTargetPath: string(3),
  volumeCapability: nested(4, volumeCapability),
  secrets: stringMap(5),
  volumeContext: stringMap(6),
})

export const unstageRequest = message({ volumeId: string(1), stagingTargetPath: string(2) })

export const publishRequest = message({
  volumeId: string(1),
  publishContext: stringMap(2),
  stagingTargetPath: string(3),
  targetPath: string(4),
  volumeCapability: nested(5, volumeCapability),
  readonly: boolean(6),
  secrets: stringMap(7),
  volumeContext: stringMap(8),
})

export const unpublishRequest = message({ volumeId: string(1), targetPath: string(2) })

export const expandRequest = message({
  volumeId: string(1),
  volumePath: string(2),
  capacityRange: nested(3, message({ requiredBytes: integer(1), limitBytes: integer(2) })),
  stagingTargetPath: string(4),
  volumeCapability: nested(5, volumeCapability),
  secrets: stringMap(6),
})
export const expandResponse = message({ capacityBytes: integer(1) })

export const statsRequest = message({
  volumeId: string(1),
  volumePath: string(2),
  stagingTargetPath: string(3),
})
/** In `unit`s: 1 bytes, 2 inodes. */
const volumeUsage = message({
  available: integer(1),
  total: integer(2),
  used: integer(3),
  unit: integer(4),
})
export const statsResponse = message({
  usage: list(1, volumeUsage),
  volumeCondition: nested(2, message({ abnormal: boolean(1), message: string(2) })),
})
