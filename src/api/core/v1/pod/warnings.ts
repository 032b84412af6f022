/** What is allowed in a pod but hardly meant; told to the client in Warning headers. */
import { isDns1123Label } from '../../../machinery/names.ts'
import { compareQuantities, quantityToMilli } from '../../../machinery/quantity.ts'
import { deprecatedLabelHint, nodeTermWarnings } from '../node-labels.ts'
import { claimSpecWarnings } from '../persistent-volume-claim.ts'
import { APP_ARMOR, USE_FIELD } from './app-armor.ts'
import { KnownSpecs } from './known-specs.ts'
import type { Affinity } from './schema.affinity.ts'
import type { Container } from './schema.container.ts'
import type { Pod, PodSpec } from './schema.ts'
import type { Volume, VolumeSource } from './schema.volumes.ts'
import { pathWarnings } from './warnings.paths.ts'
import { containersOf, portWarnings } from './warnings.ports.ts'

const NO_SELECTOR = 'a null labelSelector results in matching no pod'

/** In the order in which they are told. */
const volumeWarnings: Partial<Record<keyof VolumeSource, string>> = {
  photonPersistentDisk: 'photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'scaleIO: deprecated in v1.16, non-functional in v1.22+',
  flocker: 'flocker: deprecated in v1.22, non-functional in v1.25+',
  storageos: 'storageOS: deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'quobyte: deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'glusterfs: deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'cephfs: deprecated in v1.28, non-functional in v1.31+',
  rbd: 'rbd: deprecated in v1.28, non-functional in v1.31+',
}

const OLD_SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod'
const OLD_CONTAINER_SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/'
const USE_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'
const oldAnnotations: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod':
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls':
    'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls':
    'non-functional in v1.11+; use the "sysctls" field instead',
}

type Annotations = Readonly<Record<string, string>> | undefined

/** `path` is that of the spec; the annotations are those beside it. */
export function podWarnings(path: string, spec: PodSpec, annotations?: Annotations): string[] {
  const warnings = schedulingWarnings(path, spec)
  const noted = (key: string) => `${path.replace(/spec$/, 'metadata.annotations')}[${key}]`
  for (const [key, text] of Object.entries(oldAnnotations))
    if (annotations && key in annotations) warnings.push(`${noted(key)}: ${text}`)
  const volumes = spec.volumes ?? []
  for (const [index, volume] of volumes.entries())
    warnings.push(...warningsOfVolume(`${path}.volumes[${index}]`, volume))
  warnings.push(...pathWarnings(volumes), ...tokenPathWarnings(`${path}.volumes`, volumes))
  warnings.push(...listWarnings(path, spec))
  if (annotations && OLD_SECCOMP in annotations && !spec.securityContext?.seccompProfile)
    warnings.push(`${noted(OLD_SECCOMP)}: ${USE_SECCOMP}`)
  const { appArmorProfile: ofPod } = spec.securityContext ?? {}
  for (const [at, container] of containersOf(path, spec)) {
    const key = `${OLD_CONTAINER_SECCOMP}${container.name}`
    if (annotations && key in annotations && !container.securityContext?.seccompProfile)
      warnings.push(`${noted(key)}: ${USE_SECCOMP}`)
    const profile = container.securityContext?.appArmorProfile ?? ofPod
    // A pod gets the field for it, and is told so then.
    if (
      path !== 'spec' &&
      annotations &&
      !profile &&
      `${APP_ARMOR}${container.name}` in annotations
    )
      warnings.push(`${noted(`${APP_ARMOR}${container.name}`)}: ${USE_FIELD}`)
    warnings.push(...containerWarnings(at, container))
  }
  for (const warning of portWarnings(path, spec)) warnings.push(warning)
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    warnings.push(
      `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    )
  for (const sort of ['podAffinity', 'podAntiAffinity'] as const)
    warnings.push(...affinityWarnings(`${path}.affinity.${sort}`, spec.affinity?.[sort]))
  return warnings
}

/** Of which nothing is to be told, without annotations that tell something. */
const unremarkable = new KnownSpecs()
/** All annotations that were replaced by fields are from before these were promised to stay. */
const isOld = (key: string) => key.includes('alpha.kubernetes.io/')

/** The same for a pod that is to be created, most of which are like one before. */
export function newPodWarnings({ metadata: { name = '', annotations }, spec }: Pod): string[] {
  const messages = isDns1123Label(name)
  if (messages.length > 0)
    return [
      `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${messages.join(' ')}]`,
      ...warningsOf(spec, annotations),
    ]
  return warningsOf(spec, annotations)
}

function warningsOf(spec: PodSpec, annotations: Annotations): string[] {
  if (annotations && Object.keys(annotations).some(isOld))
    return podWarnings('spec', spec, annotations)
  if (unremarkable.has(spec)) return []
  const warnings = podWarnings('spec', spec)
  if (warnings.length === 0) unremarkable.add(spec)
  return warnings
}

function warningsOfVolume(path: string, volume: Volume): string[] {
  const warnings = Object.entries(volumeWarnings)
    .filter(([source]) => volume[source as keyof VolumeSource])
    .map(([, text]) => `${path}.${text}`)
  const template = volume.ephemeral?.volumeClaimTemplate
  if (template)
    warnings.push(...claimSpecWarnings(`${path}.ephemeral.volumeClaimTemplate.spec`, template.spec))
  return warnings
}

/** Files of volumes with a token of the account in which something else takes its path. */
function tokenPathWarnings(path: string, volumes: readonly Volume[]): string[] {
  const sourcesOf = ({ projected }: Volume) => projected?.sources ?? []
  const tokens = new Set(
    volumes.flatMap(volume =>
      sourcesOf(volume).flatMap(({ serviceAccountToken: token }) => (token ? [token.path] : [])),
    ),
  )
  if (tokens.size === 0) return []
  return volumes.flatMap((volume, index) =>
    sourcesOf(volume).flatMap(source => {
      const lists = [
        ['configMap', source.configMap?.items ?? []],
        ['secrets', source.secret?.items ?? []],
        ['downwardAPI', source.downwardAPI?.items ?? []],
      ] as const
      return lists.flatMap(([name, items]) =>
        [...items.entries()]
          .filter(([, item]) => tokens.has(item.path))
          .map(
            ([at, item]) =>
              `${path}[${index}].projected.sources.${name}[${at}]: has duplicated path with ServiceAccountToken ${JSON.stringify(item.path)}`,
          ),
      )
    }),
  )
}

function listWarnings(path: string, spec: PodSpec): string[] {
  const secrets = spec.imagePullSecrets ?? []
  const repeated = (field: string, part: string, values: readonly string[]) => {
    const seen = new Set<string>()
    return values.flatMap((value, index) => {
      if (seen.has(value))
        return [`${path}.${field}[${index}].${part}: duplicate ${part} ${JSON.stringify(value)}`]
      seen.add(value)
      return []
    })
  }
  const names = secrets.map(({ name = '' }) => name)
  return [
    ...repeated(
      'hostAliases',
      'ip',
      (spec.hostAliases ?? []).map(({ ip }) => ip),
    ),
    ...repeated('imagePullSecrets', 'name', names),
    ...names.flatMap((name, index) =>
      name === '' ? [`${path}.imagePullSecrets[${index}].name: invalid empty name ""`] : [],
    ),
    ...BYTES.flatMap(name => fractionWarnings(`${path}.overhead`, name, spec.overhead)),
  ]
}

type PodAffinity = NonNullable<Affinity['podAffinity']>

function affinityWarnings(path: string, affinity: PodAffinity | undefined): string[] {
  const needs = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  const wishes = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const needed = `${path}.requiredDuringSchedulingIgnoredDuringExecution`
  const wished = `${path}.preferredDuringSchedulingIgnoredDuringExecution`
  return [
    ...needs.flatMap(({ labelSelector }, at) =>
      labelSelector ? [] : [`${needed}[${at}].labelSelector: ${NO_SELECTOR}`],
    ),
    ...wishes.flatMap(({ podAffinityTerm }, at) =>
      podAffinityTerm.labelSelector
        ? []
        : [`${wished}[${at}].podAffinityTerm.labelSelector: ${NO_SELECTOR}`],
    ),
  ]
}

function schedulingWarnings(path: string, spec: PodSpec): string[] {
  const warnings: string[] = []
  for (const label of Object.keys(spec.nodeSelector ?? {})) {
    const hint = deprecatedLabelHint(label)
    if (hint) warnings.push(`${path}.nodeSelector[${label}]: ${hint}`)
  }
  const { nodeAffinity } = spec.affinity ?? {}
  const at = `${path}.affinity.nodeAffinity`
  const needs = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  for (const [index, term] of (needs ?? []).entries())
    warnings.push(
      ...nodeTermWarnings(
        `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`,
        term,
      ),
    )
  const wishes = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution
  for (const [index, { preference }] of (wishes ?? []).entries())
    warnings.push(
      ...nodeTermWarnings(
        `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`,
        preference,
        { withValues: true },
      ),
    )
  for (const [index, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    const { topologyKey, labelSelector } = constraint
    const hint = deprecatedLabelHint(topologyKey)
    const field = `${path}.topologySpreadConstraints[${index}]`
    if (hint) warnings.push(`${field}.topologyKey: ${topologyKey} is ${hint}`)
    if (!labelSelector) warnings.push(`${field}.labelSelector: ${NO_SELECTOR}`)
  }
  return warnings
}

/** Of these a part of one means nothing. */
const BYTES = ['memory', 'ephemeral-storage'] as const

function containerWarnings(path: string, container: Container): string[] {
  const warnings: string[] = []
  for (const name of BYTES)
    for (const field of ['limits', 'requests'] as const)
      warnings.push(
        ...fractionWarnings(`${path}.resources.${field}`, name, container.resources[field]),
      )
  const names = new Set<string>()
  for (const [index, { name, value = '' }] of (container.env ?? []).entries()) {
    const reference = `$(${name})`
    // A later variable that refers to the earlier of its name is a known way to extend it.
    if (names.has(name) && (value === reference || !value.includes(reference)))
      warnings.push(
        `${path}.env[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
      )
    names.add(name)
  }
  return warnings
}

function fractionWarnings(
  path: string,
  name: string,
  amounts: Readonly<Record<string, string>> | undefined,
): string[] {
  const amount = amounts?.[name]
  if (!amount || compareQuantities(amount, '0') <= 0 || quantityToMilli(amount) % 1000 === 0)
    return []
  return [
    `${path}[${name}]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`,
  ]
}
