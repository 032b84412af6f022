import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  list,
  resourceList,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { validateLimitRange } from './limit-range.validation.ts'

export const limitRangeItem = shape(
  'io.k8s.api.core.v1.LimitRangeItem',
  'Limits for objects of one type.',
  {
    type: string(1).required().doc('What is limited: Pod, Container or PersistentVolumeClaim.'),
    max: resourceList(2).doc('The most that one object may ask for, by resource.'),
    min: resourceList(3).doc('The least that one object must ask for, by resource.'),
    default: resourceList(4).doc('The limit of objects that say none.'),
    defaultRequest: resourceList(5).doc('The request of objects that say none.'),
    maxLimitRequestRatio: resourceList(6).doc('How far a limit may go beyond its request.'),
  },
)
export type LimitRangeItem = ValueOfShape<typeof limitRangeItem>

export const limitRangeSpec = shape(
  'io.k8s.api.core.v1.LimitRangeSpec',
  'Limits for single objects.',
  {
    limits: list(1, limitRangeItem).required().atomic().doc('The limits, one entry a type.'),
  },
)
export type LimitRangeSpec = ValueOfShape<typeof limitRangeSpec>

export const limitRangeShape = objectShape(
  'io.k8s.api.core.v1.LimitRange',
  'Limits how much each single object of a namespace may ask for, and says what it gets unasked.',
  { spec: struct(2, limitRangeSpec).always().doc('The limits.') },
)
export type LimitRange = ObjectOfShape<typeof limitRangeShape>

export const limitRange = defineKind<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  shortNames: ['limits'],
  scope: 'Namespaced',
  shape: limitRangeShape,
  defaults: ({ spec }) => spec.limits.forEach(fillIn),
  validate: validateLimitRange,
})

/** What is not said of containers follows from what is: the limit from the maximum, the request from the limit or the minimum. */
function fillIn(item: LimitRangeItem): void {
  if (item.type !== 'Container') return
  const limits = { ...item.max, ...item.default }
  const requests = { ...item.min, ...limits, ...item.defaultRequest }
  if (Object.keys(limits).length > 0) item.default = limits
  if (Object.keys(requests).length > 0) item.defaultRequest = requests
}
