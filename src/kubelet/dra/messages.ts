/**
 * The messages between kubelet and drivers of dynamic resources as tables of field numbers (kubernetes/kubelet, dra/v1, which v1beta1
 * agrees with, and dra-health/v1alpha1).
 */
import { integer, list, type Message, message, nested, string, strings } from '#base/protobuf.ts'

const claim = message({ namespace: string(1), uid: string(2), name: string(3) })
/** Of preparing and of reverting it. */
export const claimsRequest = message({ claims: list(1, claim) })

/** A map whose values are messages is a list of its entries. */
const byUid = <T>(value: Message<T>) =>
  message({ claims: list(1, message({ key: string(1), value: nested(2, value) })) })

const device = message({
  requestNames: strings(1),
  poolName: string(2),
  deviceName: string(3),
  cdiDeviceIds: strings(4),
  shareId: string(5),
})
export const prepareResponse = byUid(message({ devices: list(1, device), error: string(2) }))
export const unprepareResponse = byUid(message({ error: string(1) }))

/** 0 unknown, 1 healthy, 2 unhealthy. */
export const HEALTH_WORDS = ['Unknown', 'Healthy', 'Unhealthy'] as const
export const watchResourcesResponse = message({
  devices: list(
    1,
    message({
      device: nested(1, message({ poolName: string(1), deviceName: string(2) })),
      health: integer(2),
    }),
  ),
})
