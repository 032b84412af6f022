/** The messages of pluginregistration.v1 (kubernetes/kubelet), by which a plugin says what it is and hears what became of it. */
import { boolean, message, string, strings } from '#base/protobuf.ts'

const service = '/pluginregistration.Registration'
export const paths = {
  getInfo: `${service}/GetInfo`,
  notifyRegistrationStatus: `${service}/NotifyRegistrationStatus`,
} as const

export const nothing = message({})

export const pluginInfo = message({
  type: string(1),
  name: string(2),
  endpoint: string(3),
  supportedVersions: strings(4),
})

export const registrationStatus = message({ pluginRegistered: boolean(1), error: string(2) })
