import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  int32,
  list,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'

const DEFAULT_QUEUES = 64
const DEFAULT_HAND_SIZE = 8
const DEFAULT_QUEUE_LENGTH = 50
const DEFAULT_SHARES = 30

export const queuingConfiguration = shape(
  'io.k8s.api.flowcontrol.v1.QueuingConfiguration',
  'How requests wait.',
  {
    queues: int32(1).always().unpublishedDefault(DEFAULT_QUEUES).doc('How many queues there are.'),
    handSize: int32(2)
      .always()
      .unpublishedDefault(DEFAULT_HAND_SIZE)
      .doc('Among how many queues the shortest is chosen for a flow.'),
    queueLengthLimit: int32(3)
      .always()
      .unpublishedDefault(DEFAULT_QUEUE_LENGTH)
      .doc('How many requests may wait in one queue.'),
  },
)
export type QueuingConfiguration = ValueOfShape<typeof queuingConfiguration>

export const limitResponse = shape(
  'io.k8s.api.flowcontrol.v1.LimitResponse',
  'What happens to requests that cannot be handled at once.',
  {
    type: string(1).required().doc('Queue to let them wait, or Reject to refuse them.'),
    queuing: struct(2, queuingConfiguration).optional().doc('How they wait; for Queue only.'),
  },
  { union: { discriminator: 'type', members: ['queuing'] } },
)
export type LimitResponse = ValueOfShape<typeof limitResponse>

export const limitedPriorityLevelConfiguration = shape(
  'io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration',
  'How much of the server a level gets.',
  {
    nominalConcurrencyShares: int32(1)
      .optional()
      .unpublishedDefault(DEFAULT_SHARES)
      .doc('Its part of the server, in proportion to the shares of all levels.'),
    limitResponse: struct(2, limitResponse)
      .always()
      .doc('What happens to requests beyond its part.'),
    lendablePercent: int32(3)
      .optional()
      .unpublishedDefault(0)
      .doc('How many percent of its part others may use while it does not: 0 to 100.'),
    borrowingLimitPercent: int32(4)
      .optional()
      .doc('How many percent of its part it may borrow on top; no limit if absent.'),
  },
)
export type LimitedPriorityLevelConfiguration = ValueOfShape<
  typeof limitedPriorityLevelConfiguration
>

export const exemptPriorityLevelConfiguration = shape(
  'io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration',
  'What is kept for requests that are never held up.',
  {
    nominalConcurrencyShares: int32(1)
      .optional()
      .unpublishedDefault(0)
      .doc('The part of the server that is kept for them, in shares.'),
    lendablePercent: int32(2)
      .optional()
      .unpublishedDefault(0)
      .doc('How many percent of that part others may use while it is free: 0 to 100.'),
  },
)
export type ExemptPriorityLevelConfiguration = ValueOfShape<typeof exemptPriorityLevelConfiguration>

export const priorityLevelConfigurationSpec = shape(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec',
  'How the requests of a level are handled.',
  {
    type: string(1).required().doc('Limited, or Exempt to hold nothing up.'),
    limited: struct(2, limitedPriorityLevelConfiguration)
      .optional()
      .doc('How much of the server it gets; for Limited only.'),
    exempt: struct(3, exemptPriorityLevelConfiguration)
      .optional()
      .doc('What is kept for it; for Exempt only.'),
  },
  { union: { discriminator: 'type', members: ['exempt', 'limited'] } },
)
export type PriorityLevelConfigurationSpec = ValueOfShape<typeof priorityLevelConfigurationSpec>

export const priorityLevelConfigurationCondition = shape(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition',
  "One aspect of a level's state.",
  {
    type: string(1).doc('Names the aspect.'),
    status: string(2).doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When the status last changed.'),
    reason: string(4).doc('Why, as one CamelCase word for programs.'),
    message: string(5).doc('Why, as a sentence for people.'),
  },
)

export const priorityLevelConfigurationStatus = shape(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationStatus',
  'What the server found out about the level.',
  {
    conditions: list(1, priorityLevelConfigurationCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('Its state, aspect by aspect.'),
  },
)

export const priorityLevelConfigurationShape = objectShape(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration',
  'A level of importance of requests to this API, and its part of the server.',
  {
    spec: struct(2, priorityLevelConfigurationSpec).always().doc('How requests are handled.'),
    status: struct(3, priorityLevelConfigurationStatus)
      .always()
      .doc('What the server found out about it.'),
  },
)
export type PriorityLevelConfiguration = ObjectOfShape<typeof priorityLevelConfigurationShape>
