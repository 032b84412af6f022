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
import { among, needed, oneOf, wrong } from '../validation.ts'
import { DEFAULT_TERMINATION_GRACE_PERIOD_SECONDS } from './defaults.ts'
import type { Container, ContainerPort, EphemeralContainer } from './schema.container.ts'
import type { PodSpec } from './schema.ts'
import type { Volume } from './schema.volumes.ts'
import { validateUsedClaims } from './validation.claims.ts'
import { validateEnvironment, validateEnvironmentFrom } from './validation.environment.ts'
import { validateDevices, validateMounts } from './validation.mounts.ts'
import { validateHandler, validateProbe } from './validation.probes.ts'
import { validateResources } from './validation.resources.ts'
import { validateContainerSecurity } from './validation.security.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure']
/** More rules than this are surely a mistake; upstream has the same limit. */
const MAXIMUM_RESTART_RULES = 20

/** `volumes` are those of the pod in which nothing is wrong: nothing else can be mounted. */
export function validateContainers(
  path: string,
  spec: PodSpec,
  volumes: readonly Volume[],
): readonly FieldError[] {
  const initContainers = spec.initContainers ?? []
  const names = new Set<string>()
  const errors: FieldError[] = []
  const seconds = Number(
    spec.terminationGracePeriodSeconds ?? DEFAULT_TERMINATION_GRACE_PERIOD_SECONDS,
  )
  // Less than nothing is as short as can be.
  const grace = seconds < 0 ? 1 : seconds
  if (spec.containers.length === 0) errors.push(required(`${path}.containers`))
  for (const [list, containers] of [
    ['containers', spec.containers],
    ['initContainers', initContainers],
    ['ephemeralContainers', spec.ephemeralContainers ?? []],
  ] as const)
    for (const [index, container] of containers.entries()) {
      const at = `${path}.${list}[${index}]`
      const { name } = container
      const isTwice = names.has(name)
      names.add(name)
      const twice = isTwice ? [duplicate(`${at}.name`, name)] : []
      errors.push(...validateContainer(at, container, spec, volumes))
      if (list !== 'initContainers') errors.push(...twice)
      if (list === 'containers') errors.push(...validateProbesAndHooks(at, container, grace))
      // Whether an init container goes on decides on what else it may have.
      if (list === 'initContainers') errors.push(...validateRestart(at, container), ...twice)
      if (list === 'initContainers') errors.push(...validateInitContainer(at, container, grace))
      if (list === 'ephemeralContainers') errors.push(...validateEphemeral(at, container, spec))
      if (list !== 'initContainers') errors.push(...validateRestart(at, container))
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
  volumes: readonly Volume[],
): readonly FieldError[] {
  const image = container.image ?? ''
  const errors = [...needed(`${path}.name`, container.name, isDns1123Label)]
  if (image === '') errors.push(required(`${path}.image`))
  else if (image !== image.trim())
    errors.push(invalid(`${path}.image`, image, 'must not have leading or trailing whitespace'))
  errors.push(
    ...among(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      'File',
      'FallbackToLogsOnError',
    ]),
    ...validatePorts(`${path}.ports`, container.ports ?? [], spec.hostNetwork ?? false),
    ...validateEnvironment(`${path}.env`, container.env ?? []),
    ...validateEnvironmentFrom(`${path}.envFrom`, container.envFrom ?? []),
    ...validateMounts(`${path}.volumeMounts`, container, volumes),
    ...validateDevices(`${path}.volumeDevices`, container, volumes),
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...validateResources(`${path}.resources`, container.resources),
    ...validateUsedClaims(`${path}.resources.claims`, container.resources.claims ?? [], spec),
    ...validateResizePolicy(`${path}.resizePolicy`, container, spec.restartPolicy),
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
    errors.push(...among(`${at}.action`, action, ['Restart', 'RestartAllContainers']))
    if (!exitCodes) errors.push(required(`${at}.exitCodes`, 'must be specified'))
    else errors.push(...among(`${at}.exitCodes.operator`, exitCodes.operator, ['In', 'NotIn']))
  }
  return errors
}

/** How resources are changed while the container runs; upstream names the list, not the item, for all but what is there twice. */
function validateResizePolicy(
  path: string,
  { resizePolicy = [] }: Container,
  podRestartPolicy: string | undefined,
): readonly FieldError[] {
  const seen = new Set<string>()
  return resizePolicy.flatMap(({ resourceName, restartPolicy }, index) => {
    const at = `${path}[${index}]`
    const errors = seen.has(resourceName) ? [duplicate(at, resourceName)] : []
    seen.add(resourceName)
    errors.push(
      ...oneOf(path, resourceName, ['cpu', 'memory']),
      ...oneOf(path, restartPolicy, ['NotRequired', 'RestartContainer']),
    )
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(
        invalid(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"),
      )
    return errors
  })
}

function validateProbesAndHooks(
  path: string,
  container: Container,
  grace: number,
): readonly FieldError[] {
  const { postStart, preStop } = container.lifecycle ?? {}
  return [
    ...(postStart ? validateHandler(`${path}.lifecycle.postStart`, postStart, grace) : []),
    ...(preStop ? validateHandler(`${path}.lifecycle.preStop`, preStop, grace) : []),
    ...validateProbe(`${path}.livenessProbe`, container.livenessProbe, 'liveness', grace),
    ...validateProbe(`${path}.readinessProbe`, container.readinessProbe, 'readiness', grace),
    ...validateProbe(`${path}.startupProbe`, container.startupProbe, 'startup', grace),
  ]
}

const livelyFields = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const

/** A container that others wait for has no use of probes; one that goes on beside them has. */
function validateInitContainer(
  path: string,
  container: Container,
  grace: number,
): readonly FieldError[] {
  if (container.restartPolicy === 'Always') return validateProbesAndHooks(path, container, grace)
  const lively = livelyFields
    .filter(field => container[field])
    .map(field =>
      forbidden(
        `${path}.${field}`,
        'may not be set for init containers without restartPolicy=Always',
      ),
    )
  return [...lively, ...neverBegunAgain(`${path}.resizePolicy`, container)]
}

/** What ends before the others begin is not begun again for other resources. */
const neverBegunAgain = (path: string, { resizePolicy = [] }: Container): readonly FieldError[] =>
  resizePolicy.flatMap(({ restartPolicy }, index) =>
    restartPolicy === 'RestartContainer'
      ? [
          invalid(
            `${path}[${index}].restartPolicy`,
            restartPolicy,
            "must not be set to 'RestartContainer' for non-sidecar initContainers",
          ),
        ]
      : [],
  )

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
