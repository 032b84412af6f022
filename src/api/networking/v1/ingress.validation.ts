import { addressFamily, isIp } from '../../core/v1/addresses.ts'
import { given, needed, wrong } from '../../core/v1/validation.ts'
import { type FieldError, invalid, notSupported, required } from '../../machinery/field-error.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isPortName,
  isPortNumber,
  isWildcardDns1123Subdomain,
} from '../../machinery/names.ts'
import type {
  HttpIngressPath,
  Ingress,
  IngressBackend,
  IngressRule,
  IngressServiceBackend,
  IngressTls,
} from './ingress.schema.ts'
import { validateReference } from './validation.ts'

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix']
/** Proxies take these for other paths, each in its own way. */
const AMBIGUOUS_PARTS = ['//', '/./', '/../', '%2f', '%2F']
const AMBIGUOUS_ENDS = ['/..', '/.']
const NO_ADDRESS = 'must be a DNS name, not an IP address'

export function validateIngress({ spec }: Ingress): readonly FieldError[] {
  const { rules = [], tls = [], defaultBackend, ingressClassName } = spec
  const errors: FieldError[] = []
  if (rules.length === 0 && !defaultBackend)
    errors.push(invalid('spec', spec.rules, 'either `defaultBackend` or `rules` must be specified'))
  if (defaultBackend) errors.push(...validateBackend('spec.defaultBackend', defaultBackend))
  for (const [index, rule] of rules.entries())
    errors.push(...validateRule(`spec.rules[${index}]`, rule))
  for (const [index, each] of tls.entries()) errors.push(...validateTls(`spec.tls[${index}]`, each))
  if (ingressClassName !== undefined)
    errors.push(
      ...wrong('spec.ingressClassName', ingressClassName, isDns1123Subdomain(ingressClassName)),
    )
  return errors
}

/** The old annotation may stay where it was; a new ingress may not say two things. */
export function validateIngressCreate(
  { metadata, spec }: Ingress,
  annotation: string,
): readonly FieldError[] {
  const named = metadata.annotations?.[annotation]
  const { ingressClassName } = spec
  if (named === undefined || ingressClassName === undefined || named === ingressClassName) return []
  return [
    invalid(
      `annotations.${annotation}`,
      named,
      'must match `ingressClassName` when both are specified',
    ),
  ]
}

export function validateIngressStatus({ status }: Ingress): readonly FieldError[] {
  return (status.loadBalancer.ingress ?? []).flatMap(({ ip, hostname = '' }, index) => {
    const path = `status.loadBalancer.ingress[${index}]`
    const errors = [
      ...given(`${path}.ip`, ip, isIp),
      ...given(`${path}.hostname`, hostname, isDns1123Subdomain),
    ]
    if (addressFamily(hostname)) errors.push(invalid(`${path}.hostname`, hostname, NO_ADDRESS))
    return errors
  })
}

const isHost = (host: string) =>
  host.includes('*') ? isWildcardDns1123Subdomain(host) : isDns1123Subdomain(host)

function validateTls(path: string, { hosts = [], secretName }: IngressTls): readonly FieldError[] {
  return [
    ...hosts.flatMap((host, index) => wrong(`${path}.hosts[${index}]`, host, isHost(host))),
    ...given(`${path}.secretName`, secretName, isDns1123Subdomain),
  ]
}

function validateRule(path: string, { host = '', http }: IngressRule): readonly FieldError[] {
  const errors: FieldError[] = []
  if (addressFamily(host)) errors.push(invalid(`${path}.host`, host, NO_ADDRESS))
  errors.push(...given(`${path}.host`, host, isHost))
  if (!http) return errors
  if (http.paths.length === 0) errors.push(required(`${path}.http.paths`))
  for (const [index, each] of http.paths.entries())
    errors.push(...validatePath(`${path}.http.paths[${index}]`, each))
  return errors
}

function validatePath(at: string, { path = '', pathType, backend }: HttpIngressPath): FieldError[] {
  if (!pathType) return [required(`${at}.pathType`, 'pathType must be specified')]
  const errors: FieldError[] = []
  const refuse = (why: string) => errors.push(invalid(`${at}.path`, path, why))
  const isPlain = pathType === 'Exact' || pathType === 'Prefix'
  if (isPlain || path !== '') if (!path.startsWith('/')) refuse('must be an absolute path')
  if (isPlain) {
    for (const part of AMBIGUOUS_PARTS)
      if (path.includes(part)) refuse(`must not contain '${part}'`)
    for (const end of AMBIGUOUS_ENDS) if (path.endsWith(end)) refuse(`cannot end with '${end}'`)
  }
  if (!PATH_TYPES.includes(pathType))
    errors.push(notSupported(`${at}.pathType`, pathType, PATH_TYPES))
  return [...errors, ...validateBackend(`${at}.backend`, backend)]
}

function validateBackend(
  path: string,
  { service, resource }: IngressBackend,
): readonly FieldError[] {
  if (service && resource)
    return [invalid(path, '', 'cannot set both resource and service backends')]
  if (resource) return validateReference(`${path}.resource`, resource)
  return service
    ? validateService(path, service)
    : [invalid(path, '', 'resource or service backend is required')]
}

function validateService(path: string, { name, port }: IngressServiceBackend): FieldError[] {
  const errors = [...needed(`${path}.service.name`, name, isDns1123Label)]
  if (port.name && port.number)
    errors.push(invalid(path, '', 'cannot set both port name & port number'))
  else if (port.name)
    errors.push(...wrong(`${path}.service.port.name`, port.name, isPortName(port.name)))
  else if (port.number)
    errors.push(...wrong(`${path}.service.port.number`, port.number, isPortNumber(port.number)))
  else errors.push(required(path, 'port name or number is required'))
  return errors
}
