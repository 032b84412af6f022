import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notFound,
  notSupported,
  required,
} from '../../../machinery/field-error.ts'
import { isDns1123Label, isPortName, isPortNumber } from '../../../machinery/names.ts'
import { needed, oneOf, wrong } from '../validation.ts'
import { noDotDot } from '../validation.volume-sources.ts'
import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  VolumeMount,
} from './schema.container.ts'
import type { PodSpec } from './schema.ts'
import type { Volume } from './schema.volumes.ts'
import { validateEnvironment, validateEnvironmentFrom } from './validation.environment.ts'
import { validateHandler, validateProbe } from './validation.probes.ts'
import { validateResources } from './validation.resources.ts'
import { validateContainerSecurity } from './validation.security.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure']
const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']
/** More rules than this are surely a mistake; upstream has the same limit. */
const MAXIMUM_RESTART_RULES = 20

export function validateContainers(path: string, spec: PodSpec): readonly FieldError[] {
  const initContainers = spec.initContainers ?? []
  const names = new Set<string>()
  const errors: FieldError[] = []
  if (spec.containers.length === 0) errors.push(required(`${path}.containers`))
  for (const [list, containers] of [
    ['containers', spec.containers],
    ['initContainers', initContainers],
    ['ephemeralContainers', spec.ephemeralContainers ?? []],
  ] as const)
    for (const [index, container] of containers.entries()) {
      const at = `${path}.${list}[${index}]`
      if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name))
      if (container.name) names.add(container.name)
      errors.push(...validateContainer(at, container, spec))
      if (list === 'containers') errors.push(...validateProbesAndHooks(at, container))
      if (list === 'initContainers') errors.push(...validateInitContainer(at, container))
      if (list === 'ephemeralContainers') errors.push(...validateEphemeral(at, container, spec))
    }
  errors.push(
    ...hostPortConflicts(`${path}.containers`, spec.containers),
    // One at a time even where they go on running: so does upstream.
    ...initContainers.flatMap((container, index) =>
      hostPortConflicts(`${path}.initContainers`, [container], index),
    ),
  )
  return errors
}

function validateContainer(
  path: string,
  container: Container | EphemeralContainer,
  spec: PodSpec,
): readonly FieldError[] {
  const image = container.image ?? ''
  const errors = [...needed(`${path}.name`, container.name, isDns1123Label)]
  if (image === '') errors.push(required(`${path}.image`))
  else if (image !== image.trim())
    errors.push(invalid(`${path}.image`, image, 'must not have leading or trailing whitespace'))
  errors.push(
    ...oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      'FallbackToLogsOnError',
      'File',
    ]),
    ...validatePorts(`${path}.ports`, container.ports ?? [], spec.hostNetwork ?? false),
    ...validateEnvironment(`${path}.env`, container.env ?? []),
    ...validateEnvironmentFrom(`${path}.envFrom`, container.envFrom ?? []),
    ...validateMounts(`${path}.volumeMounts`, container, spec.volumes ?? []),
    ...validateDevices(`${path}.volumeDevices`, container, spec.volumes ?? []),
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...validateResources(`${path}.resources`, container.resources),
    ...validateRestart(path, container),
    ...validateContainerSecurity(
      `${path}.securityContext`,
      container.securityContext,
      spec.hostUsers,
    ),
  )
  return errors
}

function validateRestart(path: string, container: Container): readonly FieldError[] {
  const { restartPolicy, restartPolicyRules: rules = [] } = container
  const errors: FieldError[] = []
  if (restartPolicy !== undefined && !RESTART_POLICIES.includes(restartPolicy))
    errors.push(notSupported(`${path}.restartPolicy`, restartPolicy, RESTART_POLICIES))
  if (rules.length === 0) return errors
  if (restartPolicy === undefined)
    errors.push(
      required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used'),
    )
  if (rules.length > MAXIMUM_RESTART_RULES)
    errors.push(
      invalid(
        `${path}.restartPolicyRules`,
        rules.length,
        `must have at most ${MAXIMUM_RESTART_RULES} rules`,
      ),
    )
  for (const [index, { action, exitCodes }] of rules.entries()) {
    const at = `${path}.restartPolicyRules[${index}]`
    errors.push(...oneOf(`${at}.action`, action, ['Restart', 'RestartAllContainers']))
    if (!exitCodes) errors.push(required(`${at}.exitCodes`))
    else errors.push(...oneOf(`${at}.exitCodes.operator`, exitCodes.operator, ['In', 'NotIn']))
  }
  return errors
}

function validateProbesAndHooks(path: string, container: Container): readonly FieldError[] {
  const { lifecycle } = container
  return [
    ...(lifecycle?.postStart
      ? validateHandler(`${path}.lifecycle.postStart`, lifecycle.postStart)
      : []),
    ...(lifecycle?.preStop ? validateHandler(`${path}.lifecycle.preStop`, lifecycle.preStop) : []),
    ...validateProbe(`${path}.livenessProbe`, container.livenessProbe, 'liveness'),
    ...validateProbe(`${path}.readinessProbe`, container.readinessProbe, 'readiness'),
    ...validateProbe(`${path}.startupProbe`, container.startupProbe, 'startup'),
  ]
}

const livelyFields = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const

/** A container that others wait for has no use of probes; one that goes on beside them has. */
function validateInitContainer(path: string, container: Container): readonly FieldError[] {
  if (container.restartPolicy === 'Always') return validateProbesAndHooks(path, container)
  return livelyFields
    .filter(field => container[field])
    .map(field =>
      forbidden(
        `${path}.${field}`,
        'may not be set for init containers without restartPolicy=Always',
      ),
    )
}

const notForEphemeral = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
  'restartPolicy',
] as const

function validateEphemeral(
  path: string,
  container: EphemeralContainer,
  spec: PodSpec,
): readonly FieldError[] {
  const errors: FieldError[] = notForEphemeral
    .filter(field => container[field] !== undefined)
    .map(field => forbidden(`${path}.${field}`, 'cannot be set for an Ephemeral Container'))
  const { limits, requests } = container.resources
  if (Object.keys({ ...limits, ...requests }).length > 0)
    errors.push(forbidden(`${path}.resources`, 'cannot be set for an Ephemeral Container'))
  const target = container.targetContainerName
  const others = [...spec.containers, ...(spec.initContainers ?? [])]
  if (target && !others.some(({ name }) => name === target))
    errors.push(notFound(`${path}.targetContainerName`, target))
  for (const [index, mount] of (container.volumeMounts ?? []).entries())
    for (const field of ['subPath', 'subPathExpr'] as const)
      if (mount[field])
        errors.push(
          forbidden(
            `${path}.volumeMounts[${index}].${field}`,
            'cannot be set for an Ephemeral Container',
          ),
        )
  return errors
}

function validatePorts(
  path: string,
  ports: readonly ContainerPort[],
  hostNetwork: boolean,
): readonly FieldError[] {
  const names = new Set<string>()
  return ports.flatMap(({ name, containerPort, hostPort = 0, protocol }, index) => {
    const at = `${path}[${index}]`
    const errors: FieldError[] = []
    if (name) {
      const messages = isPortName(name)
      errors.push(...wrong(`${at}.name`, name, messages))
      if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
      names.add(name)
    }
    if (containerPort === 0) errors.push(required(`${at}.containerPort`))
    else errors.push(...wrong(`${at}.containerPort`, containerPort, isPortNumber(containerPort)))
    if (hostPort !== 0) errors.push(...wrong(`${at}.hostPort`, hostPort, isPortNumber(hostPort)))
    if (hostNetwork && hostPort !== 0 && hostPort !== containerPort)
      errors.push(
        invalid(
          `${at}.hostPort`,
          hostPort,
          'must match `containerPort` when `hostNetwork` is true',
        ),
      )
    errors.push(...oneOf(`${at}.protocol`, protocol, PROTOCOLS))
    return errors
  })
}

function hostPortConflicts(
  path: string,
  containers: readonly Container[],
  first = 0,
): FieldError[] {
  const taken = new Set<string>()
  const errors: FieldError[] = []
  for (const [index, container] of containers.entries())
    for (const [at, port] of (container.ports ?? []).entries()) {
      if (!port.hostPort) continue
      const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`
      if (taken.has(key))
        errors.push(duplicate(`${path}[${first + index}].ports[${at}].hostPort`, key))
      taken.add(key)
    }
  return errors
}

function validateMounts(
  path: string,
  container: Container,
  volumes: readonly Volume[],
): readonly FieldError[] {
  const mountPaths = new Set<string>()
  const devices = container.volumeDevices ?? []
  return (container.volumeMounts ?? []).flatMap((mount, index) => {
    const at = `${path}[${index}]`
    const errors: FieldError[] = []
    if (!mount.name) errors.push(required(`${at}.name`))
    else if (!volumes.some(({ name }) => name === mount.name))
      errors.push(notFound(`${at}.name`, mount.name))
    if (!mount.mountPath) errors.push(required(`${at}.mountPath`))
    if (mountPaths.has(mount.mountPath))
      errors.push(invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'))
    mountPaths.add(mount.mountPath)
    if (devices.some(({ name }) => name === mount.name))
      errors.push(invalid(`${at}.name`, mount.name, 'must not already exist in volumeDevices'))
    if (devices.some(({ devicePath }) => devicePath === mount.mountPath))
      errors.push(
        invalid(
          `${at}.mountPath`,
          mount.mountPath,
          'must not already exist as a path in volumeDevices',
        ),
      )
    return [
      ...errors,
      ...validateSubPaths(at, mount),
      ...validatePropagation(at, mount, container.securityContext?.privileged ?? false),
    ]
  })
}

function validateSubPaths(path: string, mount: VolumeMount): readonly FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['subPath', 'subPathExpr'] as const) {
    const value = mount[field]
    if (!value) continue
    if (value.startsWith('/'))
      errors.push(invalid(`${path}.${field}`, value, 'must be a relative path'))
    errors.push(...noDotDot(`${path}.${field}`, value))
  }
  if (mount.subPath && mount.subPathExpr)
    errors.push(
      invalid(
        `${path}.subPathExpr`,
        mount.subPathExpr,
        'subPathExpr and subPath are mutually exclusive',
      ),
    )
  return errors
}

function validatePropagation(
  path: string,
  mount: VolumeMount,
  privileged: boolean,
): readonly FieldError[] {
  const { mountPropagation, recursiveReadOnly } = mount
  const errors: FieldError[] = []
  if (mountPropagation !== undefined) {
    errors.push(...oneOf(`${path}.mountPropagation`, mountPropagation, PROPAGATIONS))
    if (mountPropagation === 'Bidirectional' && !privileged)
      errors.push(
        forbidden(
          `${path}.mountPropagation`,
          'Bidirectional mount propagation is available only to privileged containers',
        ),
      )
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return errors
  const field = `${path}.recursiveReadOnly`
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible')
    errors.push(notSupported(field, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible']))
  else if (!mount.readOnly)
    errors.push(forbidden(field, 'may only be specified when readOnly is true'))
  else if (mountPropagation !== undefined && mountPropagation !== 'None')
    errors.push(
      forbidden(field, 'may only be specified when mountPropagation is None or not specified'),
    )
  return errors
}

function validateDevices(
  path: string,
  container: Container,
  volumes: readonly Volume[],
): readonly FieldError[] {
  const [names, paths] = [new Set<string>(), new Set<string>()]
  return (container.volumeDevices ?? []).flatMap(({ name, devicePath }, index) => {
    const at = `${path}[${index}]`
    const errors = [...needed(`${at}.name`, name), ...needed(`${at}.devicePath`, devicePath)]
    const volume = volumes.find(candidate => candidate.name === name)
    if (name && !volume) errors.push(notFound(`${at}.name`, name))
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral)
      errors.push(
        invalid(
          `${at}.name`,
          name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      )
    if (names.has(name)) errors.push(invalid(`${at}.name`, name, 'must be unique'))
    if (paths.has(devicePath))
      errors.push(invalid(`${at}.devicePath`, devicePath, 'must be unique'))
    if (devicePath) errors.push(...noDotDot(`${at}.devicePath`, devicePath))
    names.add(name)
    paths.add(devicePath)
    return errors
  })
}
