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

const ACTIONS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const

/** Of a probe or a lifecycle hook: exactly one action, and that one complete. It may sleep for no more than the pod's `graceSeconds`. */
export function validateHandler(
  path: string,
  handler: Handler,
  graceSeconds: number,
): readonly FieldError[] {
  const [first, ...others] = ACTIONS.filter(name => handler[name])
  if (!first) return [required(path, 'must specify a handler type')]
  // As upstream, which judges none of the others.
  return [
    ...validateAction(path, { [first]: handler[first] }, graceSeconds),
    ...others.map(name => forbidden(`${path}.${name}`, 'may not specify more than 1 handler type')),
  ]
}

function validateAction(
  path: string,
  { exec, httpGet, tcpSocket, grpc, sleep }: Handler,
  graceSeconds: number,
): readonly FieldError[] {
  if (exec) return exec.command?.length ? [] : [required(`${path}.exec.command`)]
  if (httpGet) return validateHttpGet(`${path}.httpGet`, httpGet)
  if (tcpSocket) return validatePort(`${path}.tcpSocket.port`, tcpSocket.port)
  if (grpc) return wrong(`${path}.grpc.port`, grpc.port, isPortNumber(grpc.port))
  if (!sleep || (sleep.seconds >= 0 && sleep.seconds <= graceSeconds)) return []
  return [
    invalid(
      `${path}.sleep`,
      sleep.seconds,
      `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`,
    ),
  ]
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
