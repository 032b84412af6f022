/** What a pod, and the pod template of a workload, must obey when it is created. */
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../../../machinery/field-error.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isInRange,
  isQualifiedName,
  isUnderscoredDns1123Subdomain,
  utf8Length,
} from '../../../machinery/names.ts'
import { validateAnnotations, validateLabels } from '../../../machinery/validate-metadata.ts'
import { addressFamily, isIp } from '../addresses.ts'
import { among, given, wrong } from '../validation.ts'
import { KnownSpecs } from './known-specs.ts'
import type { Pod, PodDNSConfig, PodSpec, PodTemplateSpec } from './schema.ts'
import { validateFieldsBesideAnnotations } from './validation.annotations.fields.ts'
import { validatePodAnnotations } from './validation.annotations.ts'
import { validateMadeClaims, validatePodClaims } from './validation.claims.ts'
import { validateContainers } from './validation.containers.ts'
import { validateFileVolumes } from './validation.environment.ts'
import { validateOperatingSystem } from './validation.operating-system.ts'
import {
  validatePodResources,
  validateResources,
  validateTogether,
} from './validation.resources.ts'
import {
  validateAffinity,
  validateScheduling,
  validateTolerations,
} from './validation.scheduling.ts'
import { validateHostUsers, validatePodSecurity } from './validation.security.ts'
import { validateVolumes } from './validation.volumes.ts'
import { validateHostProcess } from './validation.windows.ts'

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const PREEMPTION_POLICIES = ['PreemptLowerPriority', 'Never']
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const LARGEST_INT32 = 2 ** 31 - 1
/** What the resolver of the C library reads of resolv.conf, and no more. */
const MAXIMUM_NAME_SERVERS = 3
const MAXIMUM_SEARCH_DOMAINS = 32
const MAXIMUM_SEARCH_CHARACTERS = 2048
const MAXIMUM_HOST_NAME_BYTES = 64

/** In which nothing was found wrong. */
const faultless = new KnownSpecs()

export function validatePod(pod: Pod, previous?: Pod): readonly FieldError[] {
  const { annotations } = pod.metadata
  const errors = previous ? withoutKept(validateSpec(pod), pod, previous) : validateSpec(pod)
  const made = validateMadeClaims(pod)
  if (!annotations && made.length === 0) return errors
  const before = previous && (previous.metadata.annotations ?? {})
  const noted = validatePodAnnotations('metadata.annotations', annotations, pod.spec, before)
  return [...noted, ...errors, ...made]
}

const LABELS_POLICY = 'spec.securityContext.seLinuxChangePolicy'

/** A pod that says how its volumes get their labels may say each of the ways. */
function withoutKept(
  errors: readonly FieldError[],
  pod: Pod,
  previous: Pod,
): readonly FieldError[] {
  const { seLinuxChangePolicy: policy } = pod.spec.securityContext ?? {}
  if (previous.spec.securityContext?.seLinuxChangePolicy === undefined) return errors
  return errors.flatMap(error => {
    if (error.field !== LABELS_POLICY) return [error]
    return among(LABELS_POLICY, policy, ['MountOption', 'Recursive'])
  })
}

function validateSpec({ spec }: Pod): readonly FieldError[] {
  if (faultless.has(spec)) return []
  const errors = [
    ...validatePodSpec('spec', spec),
    ...(spec.serviceAccountName ? [] : tokensIn(spec)),
  ]
  if (errors.length === 0) faultless.add(spec)
  return errors
}

/** Admission names an account for new pods; an update may lose it. */
const tokensIn = ({ volumes = [] }: PodSpec): FieldError[] =>
  volumes.flatMap(({ projected }, index) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }, at) =>
      serviceAccountToken
        ? [
            forbidden(
              `spec.volumes[${index}].projected.sources[${at}].serviceAccountToken`,
              'must not be specified when serviceAccountName is not set',
            ),
          ]
        : [],
    ),
  )

/** Ephemeral containers come later, through the subresource of that name. A template may say both a node and gates. */
export function validatePodCreate({ metadata, spec }: Pod): readonly FieldError[] {
  const errors: FieldError[] = []
  if (spec.ephemeralContainers?.length)
    errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'))
  if (spec.nodeName && spec.schedulingGates?.length)
    errors.push(
      forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'),
    )
  return [...errors, ...validateFieldsBesideAnnotations('spec', metadata.annotations, spec)]
}

export function validatePodTemplate(
  path: string,
  template: PodTemplateSpec,
): readonly FieldError[] {
  const { metadata, spec } = template
  const errors = [
    ...validateTemplateMetadata(path, template),
    ...validatePodAnnotations(`${path}.annotations`, metadata.annotations, spec),
    ...validatePodSpec(`${path}.spec`, spec),
    ...validateFieldsBesideAnnotations(`${path}.spec`, metadata.annotations, spec),
  ]
  if (template.spec.ephemeralContainers?.length)
    errors.push(
      forbidden(
        `${path}.spec.ephemeralContainers`,
        'ephemeral containers not allowed in pod template',
      ),
    )
  return errors
}

/** Upstream leaves out in the paths that they are metadata. */
export function validateTemplateMetadata(
  path: string,
  { metadata }: PodTemplateSpec,
): readonly FieldError[] {
  return [
    ...validateLabels(`${path}.labels`, metadata.labels),
    ...validateAnnotations(`${path}.annotations`, metadata.annotations),
  ]
}

function validatePodSpec(path: string, spec: PodSpec): readonly FieldError[] {
  const { errors, sound } = validateVolumes(`${path}.volumes`, spec.volumes ?? [])
  return [
    ...errors,
    ...validatePodClaims(`${path}.resourceClaims`, spec),
    ...validateContainers(path, spec, sound),
    ...among(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES),
    ...among(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES),
    ...validateLabels(`${path}.nodeSelector`, spec.nodeSelector),
    ...validatePodSecurity(`${path}.securityContext`, spec),
    ...validateAffinity(`${path}.affinity`, spec.affinity ?? {}),
    ...validateDns(`${path}.dnsConfig`, spec),
    ...validateReadinessGates(`${path}.readinessGates`, spec),
    ...validateScheduling(path, spec),
    ...validateHostProcess(path, spec),
    ...validateHostUsers(path, spec),
    ...given(`${path}.serviceAccountName`, spec.serviceAccountName, isDns1123Subdomain),
    ...given(`${path}.nodeName`, spec.nodeName, isDns1123Subdomain),
    ...validateDeadline(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds),
    ...validateHostNames(path, spec),
    ...validateTolerations(`${path}.tolerations`, spec.tolerations ?? []),
    ...validateHostAliases(`${path}.hostAliases`, spec),
    ...given(`${path}.priorityClassName`, spec.priorityClassName, isDns1123Subdomain),
    ...given(`${path}.runtimeClassName`, spec.runtimeClassName, isDns1123Subdomain),
    ...validateLimits(path, spec),
    ...validateFileVolumes(path, spec),
  ]
}

function validateDeadline(field: string, seconds: number | undefined) {
  return seconds === undefined ? [] : wrong(field, seconds, isInRange(seconds, 1, LARGEST_INT32))
}

function validateHostNames(path: string, spec: PodSpec): readonly FieldError[] {
  const errors = [
    ...given(`${path}.hostname`, spec.hostname, isDns1123Label),
    ...given(`${path}.subdomain`, spec.subdomain, isDns1123Label),
  ]
  const { hostnameOverride: name } = spec
  if (name === undefined) return errors
  const field = `${path}.hostnameOverride`
  if (spec.setHostnameAsFQDN)
    errors.push(forbidden(field, 'may not be specified when setHostnameAsFQDN is true'))
  if (spec.hostNetwork)
    errors.push(forbidden(field, 'may not be specified when hostNetwork is true'))
  if (utf8Length(name) > MAXIMUM_HOST_NAME_BYTES)
    errors.push(tooLong(`${path}.hostnameOverride`, MAXIMUM_HOST_NAME_BYTES))
  errors.push(...wrong(`${path}.hostnameOverride`, name, isDns1123Subdomain(name)))
  return errors
}

function validateReadinessGates(path: string, { readinessGates = [] }: PodSpec) {
  return readinessGates.flatMap(({ conditionType }, index) =>
    wrong(`${path}[${index}].conditionType`, conditionType, isQualifiedName(conditionType)),
  )
}

function validateLimits(path: string, spec: PodSpec): readonly FieldError[] {
  const errors: FieldError[] = []
  const { preemptionPolicy, os } = spec
  if (preemptionPolicy !== undefined)
    errors.push(
      ...(!preemptionPolicy
        ? [required(`${path}.preemptionPolicy`)]
        : among(`${path}.preemptionPolicy`, preemptionPolicy, PREEMPTION_POLICIES)),
    )
  // As upstream, what the pod costs is looked at as if it were the limits of a container.
  if (spec.overhead)
    errors.push(...validateResources(`${path}.overhead`, { limits: spec.overhead }))
  if (os) errors.push(...validateOperatingSystem(path, os.name, spec))
  if (spec.resources)
    errors.push(
      ...validatePodResources(`${path}.resources`, spec.resources),
      ...validateTogether(`${path}.resources`, spec),
    )
  return errors
}

function validateDns(path: string, { dnsPolicy, dnsConfig }: PodSpec): readonly FieldError[] {
  const { nameservers = [], searches = [], options = [] }: PodDNSConfig = dnsConfig ?? {}
  const errors: FieldError[] = []
  if (dnsPolicy === 'None') {
    const needs = `must provide at least one DNS nameserver when \`dnsPolicy\` is None`
    if (!dnsConfig) errors.push(required(path, 'must provide `dnsConfig` when `dnsPolicy` is None'))
    else if (nameservers.length === 0) errors.push(required(`${path}.nameservers`, needs))
  }
  if (nameservers.length > MAXIMUM_NAME_SERVERS)
    errors.push(
      invalid(
        `${path}.nameservers`,
        nameservers,
        `must not have more than ${MAXIMUM_NAME_SERVERS} nameservers`,
      ),
    )
  for (const [index, address] of nameservers.entries())
    errors.push(...wrong(`${path}.nameservers[${index}]`, address, isIp(address)))
  if (searches.length > MAXIMUM_SEARCH_DOMAINS)
    errors.push(
      invalid(
        `${path}.searches`,
        searches,
        `must not have more than ${MAXIMUM_SEARCH_DOMAINS} search paths`,
      ),
    )
  if (searches.join(' ').length > MAXIMUM_SEARCH_CHARACTERS)
    errors.push(
      invalid(
        `${path}.searches`,
        searches,
        `must not have more than ${MAXIMUM_SEARCH_CHARACTERS} characters (including spaces) in the search list`,
      ),
    )
  for (const [index, domain] of searches.entries()) {
    if (domain === '.') continue
    const messages = isUnderscoredDns1123Subdomain(domain.replace(/\.$/, ''))
    errors.push(...wrong(`${path}.searches[${index}]`, domain, messages))
  }
  for (const [index, { name }] of options.entries())
    if (!name) errors.push(required(`${path}.options[${index}]`, 'must not be empty'))
  return errors
}

function validateHostAliases(path: string, { hostAliases = [] }: PodSpec): readonly FieldError[] {
  return hostAliases.flatMap(({ ip, hostnames = [] }, index) => [
    ...(addressFamily(ip) ? [] : wrong(`${path}[${index}].ip`, ip, isIp(ip))),
    ...hostnames.flatMap((name, at) =>
      wrong(`${path}[${index}].hostnames[${at}]`, name, isDns1123Subdomain(name)),
    ),
  ])
}

/** Workloads that keep pods running for ever allow only pods that are made for it. */
export function validateLastingTemplate(
  path: string,
  template: PodTemplateSpec,
  kind: string,
): readonly FieldError[] {
  return [...validatePodTemplate(path, template), ...validateLasting(path, template, kind)]
}

export function validateLasting(
  path: string,
  { spec }: PodTemplateSpec,
  kind: string,
): readonly FieldError[] {
  const errors: FieldError[] = []
  if (spec.restartPolicy !== 'Always')
    errors.push(notSupported(`${path}.spec.restartPolicy`, spec.restartPolicy, ['Always']))
  if (spec.activeDeadlineSeconds !== undefined)
    errors.push(
      forbidden(
        `${path}.spec.activeDeadlineSeconds`,
        `activeDeadlineSeconds in ${kind} is not Supported`,
      ),
    )
  return errors
}
