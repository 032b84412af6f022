/** Claims count by number and by the bytes that they ask for, all together and by storage class. */
import { compareQuantities, parseQuantity, type Quantity } from '../../machinery/quantity.ts'
import { countOf, type ResourceList } from '../../machinery/resource-list.ts'
import type { PersistentVolumeClaim } from '../v1/persistent-volume-claim.ts'
import { classOf } from '../v1/storage.ts'
import { matchesNames, type QuotaEvaluator } from './evaluator.ts'

const COUNT = 'count/persistentvolumeclaims'
const NAMES = ['persistentvolumeclaims', 'requests.storage']
const OF_CLASS = '.storageclass.storage.k8s.io/'

export const volumeClaimQuota: QuotaEvaluator = {
  handles: ({ operation, subresource }) =>
    (operation === 'UPDATE' && (subresource === '' || subresource === 'status')) ||
    (operation === 'CREATE' && subresource === ''),
  measures: name =>
    name === COUNT || NAMES.some(each => name === each || name.endsWith(`${OF_CLASS}${each}`)),
  isInScope: (claim, scope) =>
    scope.scopeName === 'VolumeAttributesClass' &&
    matchesNames(scope, attributesClassesOf(claim as PersistentVolumeClaim)),
  usage: claim => usage(claim as PersistentVolumeClaim),
}

/** The class that it has, the one that it shall have, and the one on the way. */
function attributesClassesOf({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec.volumeAttributesClassName,
    status.currentVolumeAttributesClassName,
    status.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]
  return names.flatMap(name => (name ? [name] : []))
}

function usage(claim: PersistentVolumeClaim): ResourceList {
  const used = new Map([[COUNT, countOf(1)]])
  const className = classOf(claim)
  const add = (name: string, amount: Quantity) => {
    used.set(name, amount)
    if (className !== '') used.set(`${className}${OF_CLASS}${name}`, amount)
  }
  add('persistentvolumeclaims', countOf(1))
  const asked = claim.spec.resources.requests?.storage
  if (asked === undefined) return used
  const allocated = claim.status.allocatedResources?.storage
  const isMore = allocated !== undefined && compareQuantities(allocated, asked) > 0
  add('requests.storage', wholeBytes(parseQuantity(isMore ? allocated : asked)))
  return used
}

const NANOS_PER_ONE = 1_000_000_000n

/** Quotas count no parts of bytes. */
function wholeBytes({ nanos, format }: Quantity): Quantity {
  const rest = nanos % NANOS_PER_ONE
  return { nanos: rest > 0n ? nanos - rest + NANOS_PER_ONE : nanos, format }
}
