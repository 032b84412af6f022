/** How a node divides its machine among pods, and what it keeps from them; upstream's names and notation. */
import { quantityToNumber } from '#api/machinery/quantity.ts'
import { UserError } from '#base/errors.ts'
import { type Flag, flag, under } from './flags.ts'
import { mapFlag } from './lists.ts'

function choiceFlag<const T extends string>(
  name: string,
  doc: string,
  choices: readonly [T, ...T[]],
): Flag<T> {
  const [fallback] = choices
  return flag<T>(
    name,
    'NAME',
    `${doc}: ${choices.join(', ')}`,
    text => {
      const choice = choices.find(each => each === text)
      if (choice === undefined)
        throw new UserError(`--${name} wants ${choices.join(', ')}, not "${text}"`)
      return choice
    },
    fallback,
  )
}

const RESERVABLE: readonly string[] = ['cpu', 'memory', 'ephemeral-storage', 'pid']

const reservedFlag = (name: string, doc: string) =>
  mapFlag(name, `${doc}: NAME=QUANTITY, with commas between them`, text => {
    const reserved = new Map<string, string>()
    for (const part of text.split(',').filter(Boolean)) {
      const [, resource = '', amount = ''] = /^([^=]+)=(.+)$/.exec(part) ?? []
      if (!RESERVABLE.includes(resource) || !isAmount(amount))
        throw new UserError(
          `--${name} wants NAME=QUANTITY with ${RESERVABLE.join(', ')}, not "${part}"`,
        )
      reserved.set(resource, amount)
    }
    return reserved
  })

function isAmount(text: string): boolean {
  try {
    return quantityToNumber(text) >= 0
  } catch {
    return false
  }
}

type ReservedMemory = ReadonlyMap<number, Readonly<Record<string, number>>>

/** Reads `0:memory=1Gi,hugepages-2Mi=4Mi;1:memory=1Gi`: bytes by memory node. */
export function parseReservedMemory(text: string): ReservedMemory {
  const reserved = new Map<number, Record<string, number>>()
  for (const part of text.split(';').filter(Boolean)) {
    const [, node, amounts = ''] = /^(\d+):(.+)$/.exec(part) ?? []
    const refused = new UserError(
      `--reserved-memory wants NODE:NAME=QUANTITY with memory or hugepages-SIZE, not "${part}"`,
    )
    if (node === undefined) throw refused
    if (reserved.has(Number(node)))
      throw new UserError(`--reserved-memory names memory node ${node} twice`)
    const entries = amounts.split(',').map(each => {
      const [, name = '', amount = ''] = /^(memory|hugepages-[^=]+)=(.+)$/.exec(each) ?? []
      if (!isAmount(amount)) throw refused
      return [name, quantityToNumber(amount)] as const
    })
    reserved.set(Number(node), Object.fromEntries(entries))
  }
  return reserved
}

export const division = under('Dividing the machine', {
  cpuManagerPolicy: choiceFlag(
    'cpu-manager-policy',
    'whether containers of Guaranteed pods that ask for whole processors have them for themselves',
    ['none', 'static'],
  ),
  cpuManagerPolicyOptions: mapFlag(
    'cpu-manager-policy-options',
    'NAME=true for the static policy, with full-pcpus-only or strict-cpu-reservation',
    text => {
      const options = new Map<string, boolean>()
      for (const part of text.split(',').filter(Boolean)) {
        const [, name = '', value] = /^([^=]+)=(true|false)$/.exec(part) ?? []
        if (value === undefined)
          throw new UserError(`--cpu-manager-policy-options wants NAME=true, not "${part}"`)
        options.set(name, value === 'true')
      }
      return options
    },
  ),
  memoryManagerPolicy: choiceFlag(
    'memory-manager-policy',
    'whether containers of Guaranteed pods have memory of certain nodes',
    ['None', 'Static'],
  ),
  reservedMemory: {
    ...flag<ReservedMemory>(
      'reserved-memory',
      'LIST',
      'what the Static policy keeps for the system: NODE:memory=QUANTITY, with semicolons between nodes',
      parseReservedMemory,
      new Map(),
    ),
    show: (nodes: ReservedMemory) =>
      [...nodes]
        .map(([node, amounts]) => {
          const each = Object.entries(amounts).map(([name, amount]) => `${name}=${amount}`)
          return `${node}:${each.join(',')}`
        })
        .join(';'),
  },
  topologyManagerPolicy: choiceFlag(
    'topology-manager-policy',
    'whether processors, memory and devices of a container have to lie together',
    ['none', 'best-effort', 'restricted', 'single-numa-node'],
  ),
  topologyManagerScope: choiceFlag('topology-manager-scope', 'of what that is asked', [
    'container',
    'pod',
  ]),
  reservedCpus: flag<string>(
    'reserved-cpus',
    'LIST',
    'processors that no container has for itself, such as 0-1; stands for cpu in --system-reserved and --kube-reserved',
    text => text,
    '',
  ),
  systemReserved: reservedFlag('system-reserved', 'what pods do not get, for the machine itself'),
  kubeReserved: reservedFlag('kube-reserved', 'what pods do not get, for what runs pods'),
})
