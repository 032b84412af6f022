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

export const execAction = shape(
  'io.k8s.api.core.v1.ExecAction',
  'Runs a command in the container; 0 means success.',
  {
    command: list(1, string()).atomic().doc('The command and its arguments; no shell is involved.'),
  },
)
export type ExecAction = ValueOfShape<typeof execAction>

export const httpHeader = shape('io.k8s.api.core.v1.HTTPHeader', "A header of a probe's request.", {
  name: string(1).required().doc('Name of the header.'),
  value: string(2).required().doc('Its value.'),
})
export type HTTPHeader = ValueOfShape<typeof httpHeader>

export const httpGetAction = shape(
  'io.k8s.api.core.v1.HTTPGetAction',
  'Asks over HTTP; 200 to 399 means success.',
  {
    path: string(1).doc('The path to ask for.'),
    port: intOrString(2).required().doc("Number or name of the container's port."),
    host: string(3).doc("Whom to connect to; the pod's address if empty."),
    scheme: string(4).enum('HTTP', 'HTTPS').doc('HTTP or HTTPS; certificates are not checked.'),
    httpHeaders: list(5, httpHeader).atomic().doc('Headers of the request.'),
  },
)
export type HTTPGetAction = ValueOfShape<typeof httpGetAction>

export const tcpSocketAction = shape(
  'io.k8s.api.core.v1.TCPSocketAction',
  'Opens a TCP connection; that it opens means success.',
  {
    port: intOrString(1).required().doc("Number or name of the container's port."),
    host: string(2).doc("Whom to connect to; the pod's address if empty."),
  },
)
export type TCPSocketAction = ValueOfShape<typeof tcpSocketAction>

export const grpcAction = shape('io.k8s.api.core.v1.GRPCAction', 'Asks the gRPC health service.', {
  port: int32(1).required().doc('The port number.'),
  service: string(2)
    .optional()
    .default('')
    .doc('Whose health is asked for; the whole server if empty.'),
})
export type GRPCAction = ValueOfShape<typeof grpcAction>

export const probeHandler = shape(
  'io.k8s.api.core.v1.ProbeHandler',
  'How a container is probed; exactly one field is set.',
  {
    exec: struct(1, execAction).optional().doc('Runs a command in the container.'),
    httpGet: struct(2, httpGetAction).optional().doc('Asks over HTTP.'),
    tcpSocket: struct(3, tcpSocketAction).optional().doc('Opens a TCP connection.'),
    grpc: struct(4, grpcAction).optional().doc('Asks the gRPC health service.'),
  },
)
export type ProbeHandler = ValueOfShape<typeof probeHandler>

export const probe = shape(
  'io.k8s.api.core.v1.Probe',
  'A repeated check of a container.',
  {
    ...probeHandler.fields,
    initialDelaySeconds: int32(2).doc('How long after the start the first check is made.'),
    timeoutSeconds: int32(3).doc('How long one check may take.'),
    periodSeconds: int32(4).doc('Time between checks.'),
    successThreshold: int32(5).doc(
      'So many successes in a row mean success; 1 for liveness and startup.',
    ),
    failureThreshold: int32(6).doc('So many failures in a row mean failure.'),
    terminationGracePeriodSeconds: int64(7)
      .optional()
      .doc("Time for an orderly end when this probe fails; the pod's if absent."),
  },
  { inlined: [{ number: 1, shapeName: 'ProbeHandler', fields: Object.keys(probeHandler.fields) }] },
)
export type Probe = ValueOfShape<typeof probe>

export const sleepAction = shape('io.k8s.api.core.v1.SleepAction', 'Waits.', {
  seconds: int64(1).required().doc('How long.'),
})
export type SleepAction = ValueOfShape<typeof sleepAction>

export const lifecycleHandler = shape(
  'io.k8s.api.core.v1.LifecycleHandler',
  "What is done at a turn of a container's life; exactly one field is set.",
  {
    exec: struct(1, execAction).optional().doc('Runs a command in the container.'),
    httpGet: struct(2, httpGetAction).optional().doc('Asks over HTTP.'),
    tcpSocket: struct(3, tcpSocketAction)
      .optional()
      .deprecated()
      .doc('Does nothing; kept for old manifests.'),
    sleep: struct(4, sleepAction).optional().doc('Waits.'),
  },
)
export type LifecycleHandler = ValueOfShape<typeof lifecycleHandler>

export const lifecycle = shape(
  'io.k8s.api.core.v1.Lifecycle',
  'What is done when a container has started and before it ends.',
  {
    postStart: struct(1, lifecycleHandler)
      .optional()
      .doc('Done right after the start; if it fails, the container is ended.'),
    preStop: struct(2, lifecycleHandler)
      .optional()
      .doc('Done before the container is told to end; counts toward the grace period.'),
    stopSignal: string(3)
      .enum(...stopSignals)
      .optional()
      .doc(
        "The signal that tells it to end; the image's or SIGTERM if absent. Needs the pod's os.",
      ),
  },
)
export type Lifecycle = ValueOfShape<typeof lifecycle>
