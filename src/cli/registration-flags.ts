/** As what a node registers; upstream's names and notation. */
import {
  isUnknownToKubelets,
  KUBELET_LABEL_DOMAINS,
  KUBELET_LABELS,
} from '#api/core/v1/node-labels.ts'
import { isLabelValue, isQualifiedName } from '#api/machinery/names.ts'
import { UserError } from '#base/errors.ts'
import { flag, textFlag } from './flags.ts'
import { mapFlag } from './lists.ts'

export interface TaintWanted {
  readonly key: string
  readonly value?: string
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

const EFFECTS: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** Reads `key=value,key=value`. */
export function parseNodeLabels(text: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  for (const each of text.split(',').filter(Boolean)) {
    const [, key = '', value] = /^([^=]*)=(.*)$/.exec(each) ?? []
    if (value === undefined) throw new UserError(`--node-labels wants KEY=VALUE, not "${each}"`)
    const problems = [...isQualifiedName(key), ...isLabelValue(value)]
    if (problems.length > 0)
      throw new UserError(`--node-labels: invalid label "${each}": ${problems.join(', ')}`)
    labels.set(key, value)
  }
  const unknown = [...labels.keys()].filter(isUnknownToKubelets).sort()
  if (unknown.length > 0)
    throw new UserError(
      `unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [${unknown.join(' ')}]; those must begin with ${KUBELET_LABEL_DOMAINS.join(' or ')}, or be one of ${KUBELET_LABELS.join(', ')}`,
    )
  return labels
}

/** Reads `key=value:effect`, `key:effect`, separated by commas; by key and effect, of which each may stand once. */
export function parseTaints(text: string): ReadonlyMap<string, TaintWanted> {
  const taints = new Map<string, TaintWanted>()
  for (const each of text.split(',').filter(Boolean)) {
    const [, key = '', value, effect = ''] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(each) ?? []
    if (!EFFECTS.includes(effect))
      throw new UserError(
        `--register-with-taints wants KEY=VALUE:EFFECT with NoSchedule, PreferNoSchedule or NoExecute, not "${each}"`,
      )
    const problems = [...isQualifiedName(key), ...isLabelValue(value ?? '')]
    if (problems.length > 0)
      throw new UserError(`--register-with-taints: invalid taint "${each}": ${problems.join(', ')}`)
    const name = `${key}:${effect}`
    if (taints.has(name)) throw new UserError(`--register-with-taints names ${name} twice`)
    const taint = { key, ...(value ? { value } : {}), effect } as TaintWanted
    taints.set(name, taint)
  }
  return taints
}

export const registration = {
  nodeLabels: mapFlag(
    'node-labels',
    'labels that the node registers with: KEY=VALUE, with commas between them',
    parseNodeLabels,
  ),
  registerWithTaints: mapFlag(
    'register-with-taints',
    'taints that a new node registers with: KEY=VALUE:EFFECT, with commas between them',
    parseTaints,
  ),
  maxPods: flag<number | undefined>(
    'max-pods',
    'N',
    'how many pods the node takes (default: 110)',
    text => {
      if (!/^\d{1,7}$/.test(text)) throw new UserError(`--max-pods wants a number, not "${text}"`)
      return Number(text)
    },
    undefined,
  ),
  providerId: textFlag(
    'provider-id',
    'ID',
    "the machine's name at its cloud provider, as PROVIDER://ID",
    undefined,
  ),
  cloudProvider: flag<'external' | undefined>(
    'cloud-provider',
    'NAME',
    'external, where a cloud controller manager has to say what the node is before pods come to it',
    text => {
      if (text !== 'external')
        throw new UserError(`--cloud-provider wants external, or is left out, not "${text}"`)
      return text
    },
    undefined,
  ),
}
