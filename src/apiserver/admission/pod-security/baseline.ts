/** The baseline: nothing that is known to let a pod out of its confines. */
import type { LifecycleHandler } from '#api/core/v1/pod/schema.probes.ts'
import {
  type CheckedPod,
  named,
  plural,
  quoted,
  type Rule,
  setters,
  sorted,
  type Violation,
} from './check.ts'

const APP_ARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/'
const CONFINED = ['RuntimeDefault', 'Localhost']
export const isConfined = (type: string) => CONFINED.includes(type)

export const appArmorProfile: Rule = ({ annotations, spec, containers }) => {
  const podType = spec.securityContext?.appArmorProfile?.type
  const isPodWrong = podType !== undefined && !isConfined(podType)
  const typeOf = (container: (typeof containers)[number]) =>
    container.securityContext?.appArmorProfile?.type ?? 'RuntimeDefault'
  const wrong = containers.filter(container => !isConfined(typeOf(container)))
  const wrongAnnotations = Object.entries(annotations)
    .filter(([key, value]) => key.startsWith(APP_ARMOR_ANNOTATION) && !isAllowedProfile(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  const who = [
    setters(isPodWrong, wrong),
    wrongAnnotations.length > 0
      ? plural(wrongAnnotations.length, 'annotation', 'annotations')
      : undefined,
  ].filter(text => text !== undefined)
  if (who.length === 0) return undefined
  const types = sorted([...(isPodWrong ? [podType] : []), ...wrong.map(typeOf)])
  const values = [...types, ...wrongAnnotations.toSorted()]
  return {
    reason: plural(values.length, 'forbidden AppArmor profile', 'forbidden AppArmor profiles'),
    detail: `${who.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
  }
}

const isAllowedProfile = (value: string) =>
  value === '' || value === 'runtime/default' || value.startsWith('localhost/')

const USUAL_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]

export const capabilities: Rule = pod => {
  const detail = addedBeyond(USUAL_CAPABILITIES, pod)
  return detail === undefined ? undefined : { reason: 'non-default capabilities', detail }
}

export function addedBeyond(allowed: readonly string[], { containers }: CheckedPod) {
  const added = ({ securityContext }: (typeof containers)[number]) =>
    (securityContext?.capabilities?.add ?? []).filter(name => !allowed.includes(name))
  const wrong = containers.filter(container => added(container).length > 0)
  if (wrong.length === 0) return undefined
  const names = quoted(sorted(wrong.flatMap(added)))
  return `${named(wrong)} must not include ${names} in securityContext.capabilities.add`
}

export const hostNamespaces: Rule = ({ spec }) => {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter(field => spec[field])
  if (shared.length === 0) return undefined
  return { reason: 'host namespaces', detail: shared.map(field => `${field}=true`).join(', ') }
}

export const hostPathVolumes: Rule = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name)
  if (names.length === 0) return undefined
  const detail = `${plural(names.length, 'volume', 'volumes')} ${quoted(names)}`
  return { reason: 'hostPath volumes', detail }
}

export const hostPorts: Rule = ({ containers }) => {
  const portsOf = ({ ports = [] }: (typeof containers)[number]) =>
    ports.flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []))
  const wrong = containers.filter(container => portsOf(container).length > 0)
  if (wrong.length === 0) return undefined
  const ports = sorted(wrong.flatMap(portsOf))
  const verb = plural(wrong.length, 'uses', 'use')
  const noun = plural(ports.length, 'hostPort', 'hostPorts')
  return { reason: 'hostPort', detail: `${named(wrong)} ${verb} ${noun} ${ports.join(', ')}` }
}

type WithHost = Pick<LifecycleHandler, 'httpGet' | 'tcpSocket'>

export const hostProbesAndHostLifecycle: Rule = ({ containers }) => {
  const hostsOf = (container: (typeof containers)[number]) => {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container
    const all: (WithHost | undefined)[] = [
      livenessProbe,
      readinessProbe,
      startupProbe,
      lifecycle?.postStart,
      lifecycle?.preStop,
    ]
    return all
      .flatMap(each => [each?.httpGet?.host, each?.tcpSocket?.host])
      .flatMap(host => (host ? [host] : []))
  }
  const wrong = containers.filter(container => hostsOf(container).length > 0)
  if (wrong.length === 0) return undefined
  const hosts = sorted(wrong.flatMap(hostsOf))
  const names = sorted(wrong.map(({ name }) => name)).map(name => ({ name }))
  const verb = plural(names.length, 'uses', 'use')
  const noun = plural(hosts.length, 'probe or lifecycle host', 'probe or lifecycle hosts')
  return {
    reason: 'probe or lifecycle host',
    detail: `${named(names)} ${verb} ${noun} ${quoted(hosts)}`,
  }
}

export const privileged: Rule = ({ containers }) => {
  const wrong = containers.filter(({ securityContext }) => securityContext?.privileged)
  if (wrong.length === 0) return undefined
  return {
    reason: 'privileged',
    detail: `${named(wrong)} must not set securityContext.privileged=true`,
  }
}

export const procMount: Rule = ({ containers }) => {
  const mountOf = ({ securityContext }: (typeof containers)[number]) =>
    securityContext?.procMount ?? 'Default'
  const wrong = containers.filter(container => mountOf(container) !== 'Default')
  if (wrong.length === 0) return undefined
  const mounts = quoted(sorted(wrong.map(mountOf)))
  return {
    reason: 'procMount',
    detail: `${named(wrong)} must not set securityContext.procMount to ${mounts}`,
  }
}

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t']

export const seLinuxOptions = (moreTypes: readonly string[] = []): Rule => {
  const types = [...SELINUX_TYPES, ...moreTypes]
  return ({ spec, containers }) => {
    const isWrong = (options: { type?: string; user?: string; role?: string } = {}) =>
      !types.includes(options.type ?? '') || Boolean(options.user) || Boolean(options.role)
    const ofPod = spec.securityContext?.seLinuxOptions
    const wrong = containers.filter(each => isWrong(each.securityContext?.seLinuxOptions))
    const who = setters(isWrong(ofPod), wrong)
    if (who === undefined) return undefined
    const all = [ofPod, ...wrong.map(each => each.securityContext?.seLinuxOptions)]
    const wrongTypes = sorted(
      all.map(each => each?.type ?? '').filter(type => !types.includes(type)),
    )
    const parts = [
      ...(wrongTypes.length > 0
        ? [`${plural(wrongTypes.length, 'type', 'types')} ${quoted(wrongTypes)}`]
        : []),
      ...(all.some(each => each?.user) ? ['user may not be set'] : []),
      ...(all.some(each => each?.role) ? ['role may not be set'] : []),
    ]
    return {
      reason: 'seLinuxOptions',
      detail: `${who} set forbidden securityContext.seLinuxOptions: ${parts.join('; ')}`,
    }
  }
}

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod'
export const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'

/** Before there was a field for it. */
export const seccompAnnotations: Rule = ({ annotations, containers }) => {
  const keys = [SECCOMP_POD, ...containers.map(({ name }) => `${SECCOMP_CONTAINER}${name}`)]
  const wrong = keys.filter(key => {
    const value = annotations[key]
    if (value === undefined || value.startsWith('localhost/')) return false
    return value !== 'runtime/default' && value !== 'docker/default'
  })
  if (wrong.length === 0) return undefined
  const texts = sorted(wrong.map(key => `${key}=${JSON.stringify(annotations[key])}`))
  const noun = plural(texts.length, 'annotation', 'annotations')
  return { reason: 'seccompProfile', detail: `forbidden ${noun} ${texts.join(', ')}` }
}

export const seccompProfile: Rule = ({ spec, containers }): Violation | undefined => {
  const typeOf = (of: { securityContext?: { seccompProfile?: { type: string } } }) =>
    of.securityContext?.seccompProfile?.type
  const isWrong = (type: string | undefined) => type !== undefined && !isConfined(type)
  const wrong = containers.filter(container => isWrong(typeOf(container)))
  const who = setters(isWrong(typeOf(spec)), wrong)
  if (who === undefined) return undefined
  const types = sorted([spec, ...wrong].flatMap(each => typeOf(each) ?? []).filter(isWrong))
  return {
    reason: 'seccompProfile',
    detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(types)}`,
  }
}

const SAFE_SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
]

export const sysctls = (...more: readonly string[]): Rule => {
  const safe = [...SAFE_SYSCTLS, ...more]
  return ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name)
    const wrong = names.filter(name => !safe.includes(name))
    return wrong.length === 0
      ? undefined
      : { reason: 'forbidden sysctls', detail: wrong.join(', ') }
  }
}

export const windowsHostProcess: Rule = ({ spec, containers }) => {
  const wrong = containers.filter(each => each.securityContext?.windowsOptions?.hostProcess)
  const who = setters(spec.securityContext?.windowsOptions?.hostProcess === true, wrong)
  if (who === undefined) return undefined
  return {
    reason: 'hostProcess',
    detail: `${who} must not set securityContext.windowsOptions.hostProcess=true`,
  }
}
