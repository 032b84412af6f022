import {
  int32,
  int64,
  intOrString,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../../machinery/schema.ts'
import { stopSignals } from './stop-signals.ts'

export const execAction = shape('io.k8s.api.core.v1.ExecAction', 'core.ExecAction', {
  command: list(1, string()).atomic().doc('core.ExecAction.command'),
})
export type ExecAction = ValueOfShape<typeof execAction>

export const httpHeader = shape('io.k8s.api.core.v1.HTTPHeader', 'core.HTTPHeader', {
  name: string(1).required().doc('core.HTTPHeader.name'),
  value: string(2).required().doc('core.HTTPHeader.value'),
})
export type HTTPHeader = ValueOfShape<typeof httpHeader>

export const httpGetAction = shape('io.k8s.api.core.v1.HTTPGetAction', 'core.HTTPGetAction', {
  path: string(1).doc('core.HTTPGetAction.path'),
  port: intOrString(2).required().doc('core.HTTPGetAction.port'),
  host: string(3).doc('core.HTTPGetAction.host'),
  scheme: string(4).enum('HTTP', 'HTTPS').doc('core.HTTPGetAction.scheme'),
  httpHeaders: list(5, httpHeader).atomic().doc('core.HTTPGetAction.httpHeaders'),
})
export type HTTPGetAction = ValueOfShape<typeof httpGetAction>

export const tcpSocketAction = shape('io.k8s.api.core.v1.TCPSocketAction', 'core.TCPSocketAction', {
  port: intOrString(1).required().doc('core.TCPSocketAction.port'),
  host: string(2).doc('core.TCPSocketAction.host'),
})
export type TCPSocketAction = ValueOfShape<typeof tcpSocketAction>

export const grpcAction = shape('io.k8s.api.core.v1.GRPCAction', 'core.GRPCAction', {
  port: int32(1).required().doc('core.GRPCAction.port'),
  service: string(2).optional().default('').doc('core.GRPCAction.service'),
})
export type GRPCAction = ValueOfShape<typeof grpcAction>

export const probeHandler = shape('io.k8s.api.core.v1.ProbeHandler', 'core.ProbeHandler', {
  exec: struct(1, execAction).optional().doc('core.ProbeHandler.exec'),
  httpGet: struct(2, httpGetAction).optional().doc('core.ProbeHandler.httpGet'),
  tcpSocket: struct(3, tcpSocketAction).optional().doc('core.ProbeHandler.tcpSocket'),
  grpc: struct(4, grpcAction).optional().doc('core.ProbeHandler.grpc'),
})
export type ProbeHandler = ValueOfShape<typeof probeHandler>

export const probe = shape(
  'io.k8s.api.core.v1.Probe',
  'core.Probe',
  {
    ...probeHandler.fields,
    initialDelaySeconds: int32(2).doc('core.Probe.initialDelaySeconds'),
    timeoutSeconds: int32(3).doc('core.Probe.timeoutSeconds'),
    periodSeconds: int32(4).doc('core.Probe.periodSeconds'),
    successThreshold: int32(5).doc('core.Probe.successThreshold'),
    failureThreshold: int32(6).doc('core.Probe.failureThreshold'),
    terminationGracePeriodSeconds: int64(7)
      .optional()
      .doc('core.Probe.terminationGracePeriodSeconds'),
  },
  [{ number: 1, shapeName: 'ProbeHandler', fields: Object.keys(probeHandler.fields) }],
)
export type Probe = ValueOfShape<typeof probe>

export const sleepAction = shape('io.k8s.api.core.v1.SleepAction', 'core.SleepAction', {
  seconds: int64(1).required().doc('core.SleepAction.seconds'),
})
export type SleepAction = ValueOfShape<typeof sleepAction>

export const lifecycleHandler = shape(
  'io.k8s.api.core.v1.LifecycleHandler',
  'core.LifecycleHandler',
  {
    exec: struct(1, execAction).optional().doc('core.LifecycleHandler.exec'),
    httpGet: struct(2, httpGetAction).optional().doc('core.LifecycleHandler.httpGet'),
    tcpSocket: struct(3, tcpSocketAction)
      .optional()
      .deprecated()
      .doc('core.LifecycleHandler.tcpSocket'),
    sleep: struct(4, sleepAction).optional().doc('core.LifecycleHandler.sleep'),
  },
)
export type LifecycleHandler = ValueOfShape<typeof lifecycleHandler>

export const lifecycle = shape('io.k8s.api.core.v1.Lifecycle', 'core.Lifecycle', {
  postStart: struct(1, lifecycleHandler).optional().doc('core.Lifecycle.postStart'),
  preStop: struct(2, lifecycleHandler).optional().doc('core.Lifecycle.preStop'),
  stopSignal: string(3)
    .enum(...stopSignals)
    .optional()
    .doc('core.Lifecycle.stopSignal'),
})
export type Lifecycle = ValueOfShape<typeof lifecycle>
