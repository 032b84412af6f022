import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../../machinery/field-error.ts'
import { isHttpHeaderName, isPortName, isPortNumber } from '../../../machinery/names.ts'
import { notNegative, wrong } from '../validation.ts'
import type { HTTPGetAction, LifecycleHandler, Probe, ProbeHandler } from './schema.probes.ts'

type Handler = ProbeHandler & LifecycleHandler

export function validateProbe(
  path: string,
  probe: Probe | undefined,
  role: 'liveness' | 'readiness' | 'startup',
  graceSeconds: number,
): readonly FieldError[] {
  if (!probe) return []
  const errors = [...validateHandler(path, probe, graceSeconds)]
  const numbers = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const
  for (const name of numbers) errors.push(...notNegative(`${path}.${name}`, probe[name]))
  const grace = probe.terminationGracePeriodSeconds
  if (grace !== undefined && grace <= 0)
    errors.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'))
  if (role !== 'readiness' && probe.successThreshold !== undefined && probe.successThreshold !== 1)
    errors.push(invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1'))
  if (role === 'readiness' && grace !== undefined)
    errors.push(
      invalid(
        `${path}.terminationGracePeriodSeconds`,
        grace,
        'must not be set for readinessProbes',
      ),
    )
  return errors
}

/** Of a probe or a lifecycle hook: exactly one action, and that one complete. It may sleep for no more than the pod's `graceSeconds`. */
export function validateHandler(
  path: string,
  handler: Handler,
  graceSeconds: number,
): readonly FieldError[] {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler
  const errors: FieldError[] = []
  const actions = Object.entries({ exec, httpGet, tcpSocket, grpc, sleep }).filter(
    ([, action]) => action,
  )
  for (const [name] of actions.slice(1))
    errors.push(forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'))
  if (actions.length === 0) errors.push(required(path, 'must specify a handler type'))
  if (exec && !exec.command?.length) errors.push(required(`${path}.exec.command`))
  if (httpGet) errors.push(...validateHttpGet(`${path}.httpGet`, httpGet))
  if (tcpSocket) errors.push(...validatePort(`${path}.tcpSocket.port`, tcpSocket.port))
  if (grpc) errors.push(...wrong(`${path}.grpc.port`, grpc.port, isPortNumber(grpc.port)))
  if (sleep && (sleep.seconds < 0 || sleep.seconds > graceSeconds))
    errors.push(
      invalid(
        `${path}.sleep`,
        sleep.seconds,
        `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`,
      ),
    )
  return errors
}

function validateHttpGet(path: string, action: HTTPGetAction): readonly FieldError[] {
  const errors: FieldError[] = []
  if (!action.path) errors.push(required(`${path}.path`))
  errors.push(...validatePort(`${path}.port`, action.port))
  if (action.scheme !== 'HTTP' && action.scheme !== 'HTTPS')
    errors.push(notSupported(`${path}.scheme`, action.scheme, ['HTTP', 'HTTPS']))
  for (const { name } of action.httpHeaders ?? [])
    errors.push(...wrong(`${path}.httpHeaders`, name, isHttpHeaderName(name)))
  return errors
}

export function validatePort(field: string, port: number | string): readonly FieldError[] {
  return wrong(field, port, typeof port === 'number' ? isPortNumber(port) : isPortName(port))
}
