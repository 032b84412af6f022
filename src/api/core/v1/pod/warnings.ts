/** What is allowed in a pod but hardly meant; told to the client in Warning headers. */
import { compareQuantities, quantityToMilli } from '../../../machinery/quantity.ts'
import { deprecatedLabelHint, nodeTermWarnings } from '../node-labels.ts'
import type { Container } from './schema.container.ts'
import type { PodSpec } from './schema.ts'
import type { VolumeSource } from './schema.volumes.ts'

const volumeWarnings: Partial<Record<keyof VolumeSource, string>> = {
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
}

export function podWarnings(path: string, spec: PodSpec): string[] {
  const warnings = schedulingWarnings(path, spec)
  for (const [index, volume] of (spec.volumes ?? []).entries())
    for (const [source, text] of Object.entries(volumeWarnings))
      if (volume[source as keyof VolumeSource])
        warnings.push(`${path}.volumes[${index}].${source}: ${text}`)
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    warnings.push(
      `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    )
  for (const list of ['initContainers', 'containers'] as const)
    for (const [index, container] of (spec[list] ?? []).entries())
      warnings.push(...containerWarnings(`${path}.${list}[${index}]`, container))
  return warnings
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
      ),
    )
  for (const [index, { topologyKey }] of (spec.topologySpreadConstraints ?? []).entries()) {
    const hint = deprecatedLabelHint(topologyKey)
    const field = `${path}.topologySpreadConstraints[${index}].topologyKey`
    if (hint) warnings.push(`${field}: ${topologyKey} is ${hint}`)
  }
  return warnings
}

function containerWarnings(path: string, container: Container): string[] {
  const warnings: string[] = []
  const names = new Set<string>()
  for (const [index, { name, value = '' }] of (container.env ?? []).entries()) {
    // A later variable that refers to the earlier of its name is a known way to extend it.
    if (names.has(name) && !value.includes(`$(${name})`))
      warnings.push(
        `${path}.env[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
      )
    names.add(name)
  }
  for (const field of ['limits', 'requests'] as const)
    for (const name of ['memory', 'ephemeral-storage']) {
      const amount = container.resources[field]?.[name]
      if (!amount || compareQuantities(amount, '0') <= 0) continue
      if (quantityToMilli(amount) % 1000 !== 0)
        warnings.push(
          `${path}.resources.${field}[${name}]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`,
        )
    }
  return warnings
}
