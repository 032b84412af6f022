/** Pods by chance that ask for something in their containers, in their init containers and as a whole. */
import type { Dice } from '../../fuzz/random.ts'
import { inGeneral } from './in-general.ts'
import type { Told } from './pair.ts'

type Amounts = Record<string, string>
export interface Resources {
  requests?: Amounts
  limits?: Amounts
}
export interface Container {
  name: string
  resources?: Resources
  resizePolicy?: object[]
  restartPolicy?: string
  [more: string]: unknown
}
export interface PodSpec {
  containers: Container[]
  initContainers?: Container[]
  resources?: Resources
  nodeName?: string
  [more: string]: unknown
}

export const AMOUNTS: Readonly<Record<string, readonly string[]>> = {
  cpu: ['100m', '0.1', '200m', '1', '2', '0', '-1', '4', '0.0005', '1000m'],
  memory: ['64Mi', '128Mi', '1Gi', '2Gi', '67108864', '0', '1', '0.5', '64M', '65536Ki'],
  'hugepages-2Mi': ['2Mi', '4Mi'],
  'ephemeral-storage': ['1Gi', '2Gi'],
}

export const RESIZE_POLICIES = [
  undefined,
  [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
  [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }],
]

function amounts(dice: Dice): Amounts {
  const chosen: Amounts = {}
  for (const name of Object.keys(AMOUNTS)) {
    const isRare = name !== 'cpu' && name !== 'memory'
    if (dice.below(isRare ? 12 : 3) === 0 || (!isRare && dice.below(2) === 0))
      chosen[name] = dice.pick(AMOUNTS[name] ?? [])
  }
  return chosen
}

export function randomResources(dice: Dice): Resources {
  const limits = amounts(dice)
  const same = dice.below(3) === 0
  return dice.pick<Resources>([
    {},
    { limits },
    { requests: amounts(dice) },
    { limits, requests: same ? { ...limits } : amounts(dice) },
    { limits, requests: { ...limits } },
  ])
}

function container(dice: Dice, name: string): Container {
  const resizePolicy = dice.pick(RESIZE_POLICIES)
  return {
    name,
    image: 'registry.example/app:1',
    resources: randomResources(dice),
    ...(resizePolicy ? { resizePolicy } : {}),
  }
}

export function randomPodSpec(dice: Dice): PodSpec {
  const init = dice.below(3)
  return {
    containers: ['a', 'b'].slice(0, 1 + dice.below(2)).map(name => container(dice, name)),
    ...(init > 0
      ? {
          initContainers: [
            { ...container(dice, 'i'), ...(init === 2 ? { restartPolicy: 'Always' } : {}) },
          ],
        }
      : {}),
    ...(dice.below(3) > 0 ? { resources: randomResources(dice) } : {}),
  }
}

/** What a pod asks for, in one order. */
export function resourcesTold({ containers, initContainers = [], resources }: PodSpec): string {
  const own = [...initContainers, ...containers].map(each => [each.resources, each.resizePolicy])
  return JSON.stringify([own, resources], sorted)
}

const sorted = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value

/** Of an answer what counts: what is asked for and what kind of pod it is, or why not. */
export function podTold({ status, text }: Told): string {
  const told = JSON.parse(inGeneral(text))
  if (status === 422) return `${status} ${inOrder(told.details?.causes ?? []).join(', ')}`
  if (status >= 300) return `${status} ${told.message} ${JSON.stringify(told.details?.causes)}`
  return `${status} ${told.metadata.generation} ${told.status?.qosClass} ${resourcesTold(told.spec)}`
}

interface Cause {
  readonly field: string
  readonly message: string
}

/** What is wrong in one list of amounts comes in any order upstream, which goes through maps of Go; all else as it is. */
function inOrder(causes: readonly Cause[]): string[] {
  const runs: { whose: string; told: string[] }[] = []
  for (const { field, message } of causes) {
    const whose = field.replace(/\[[a-z][^\]]*\]/g, '').replace(/\.(requests|limits)$/, '')
    if (runs.at(-1)?.whose !== whose) runs.push({ whose, told: [] })
    runs.at(-1)?.told.push(`${field} ${message}`)
  }
  return runs.flatMap(({ told }) => told.sort())
}
