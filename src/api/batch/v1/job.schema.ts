import { podTemplateSpec } from '../../core/v1/pod/schema.ts'
import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { labelSelector, objectMeta } from '../../machinery/metadata.ts'
import {
  boolean,
  int32,
  int64,
  list,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { podFailurePolicy, successPolicy } from './job.schema.policies.ts'

export const jobSpec = shape('io.k8s.api.batch.v1.JobSpec', 'What a job runs, and how often.', {
  parallelism: int32(1).optional().doc('How many pods may run at the same time.'),
  completions: int32(2)
    .optional()
    .doc('How many pods must succeed; if absent, one success is enough and no pod follows it.'),
  activeDeadlineSeconds: int64(3)
    .optional()
    .doc('How long the job may run, retries included, before it counts as failed.'),
  podFailurePolicy: struct(11, podFailurePolicy)
    .optional()
    .doc('Which failures of pods are fatal and which do not count.'),
  successPolicy: struct(16, successPolicy)
    .optional()
    .doc('When an indexed job has done enough; if absent, when all indexes have succeeded.'),
  backoffLimit: int32(7).optional().doc('How many failures are retried before the job fails.'),
  backoffLimitPerIndex: int32(12)
    .optional()
    .doc('How many failures are retried within one index; it never changes.'),
  maxFailedIndexes: int32(13)
    .optional()
    .doc('How many indexes may fail before the whole job does.'),
  selector: struct(4, labelSelector)
    .optional()
    .doc('Labels of its pods; usually made by the server from the uid of the job.'),
  manualSelector: boolean(5)
    .optional()
    .doc('When true, selector and labels are taken as they are, at the risk of foreign pods.'),
  template: struct(6, podTemplateSpec)
    .required()
    .doc('The pods; their restart policy is Never or OnFailure.'),
  ttlSecondsAfterFinished: int32(8)
    .optional()
    .doc('How long after its end the job is deleted; if absent, it stays.'),
  completionMode: string(9)
    .enum('Indexed', 'NonIndexed')
    .optional()
    .doc('NonIndexed, or Indexed to give each completion a number of its own.'),
  suspend: boolean(10)
    .optional()
    .doc('When true, no pods are made and running ones end until it is false again.'),
  podReplacementPolicy: string(14)
    .enum('Failed', 'TerminatingOrFailed')
    .optional()
    .doc('Whether a pod is replaced once it terminates, or only when it has Failed for good.'),
  managedBy: string(15)
    .optional()
    .doc('The controller that looks after the job, if it is not the built-in one; never changes.'),
})
export type JobSpec = ValueOfShape<typeof jobSpec>

export const jobCondition = shape(
  'io.k8s.api.batch.v1.JobCondition',
  "One aspect of a job's state.",
  {
    type: string(1)
      .required()
      .doc('Names the aspect: Complete, Failed, Suspended, FailureTarget, SuccessCriteriaMet.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastProbeTime: time(3).doc('When the condition was last checked.'),
    lastTransitionTime: time(4).doc('When the status last changed.'),
    reason: string(5).doc('Why, as one CamelCase word for programs.'),
    message: string(6).doc('Why, as a sentence for people.'),
  },
)
export type JobCondition = ValueOfShape<typeof jobCondition>

export const uncountedTerminatedPods = shape(
  'io.k8s.api.batch.v1.UncountedTerminatedPods',
  'Pods that have ended but are not yet in the counters, so that each is counted just once.',
  {
    succeeded: list(1, string()).listSet().doc('UIDs of those that succeeded.'),
    failed: list(2, string()).listSet().doc('UIDs of those that failed.'),
  },
)
export type UncountedTerminatedPods = ValueOfShape<typeof uncountedTerminatedPods>

export const jobStatus = shape('io.k8s.api.batch.v1.JobStatus', 'How a job is doing.', {
  conditions: list(1, jobCondition)
    .atomic()
    .mergeKey('type')
    .doc('Aspects of its state; Complete and Failed are final.'),
  startTime: time(2)
    .optional()
    .doc('When the controller began with the job; anew after each suspension.'),
  completionTime: time(3).optional().doc('When it was done; only set when it succeeded.'),
  active: int32(4).doc('How many pods are pending or running and not ending.'),
  succeeded: int32(5).doc('How many pods have succeeded.'),
  failed: int32(6).doc('How many pods have failed.'),
  terminating: int32(11).optional().doc('How many pods are on their way out.'),
  completedIndexes: string(7).doc('The indexes that succeeded, such as 1,3-5,7.'),
  failedIndexes: string(10).optional().doc('The indexes that failed, such as 1,3-5,7.'),
  uncountedTerminatedPods: struct(8, uncountedTerminatedPods)
    .optional()
    .doc('Ended pods that the counters do not have yet.'),
  ready: int32(9).optional().doc('How many of the active pods are ready.'),
})
export type JobStatus = ValueOfShape<typeof jobStatus>

export const jobShape = objectShape(
  'io.k8s.api.batch.v1.Job',
  'Runs pods until enough of them have succeeded.',
  {
    spec: struct(2, jobSpec).always().doc('What it runs, and how often.'),
    status: struct(3, jobStatus).always().doc('How it is doing.'),
  },
)
export type Job = ObjectOfShape<typeof jobShape>

export const jobTemplateSpec = shape(
  'io.k8s.api.batch.v1.JobTemplateSpec',
  'The jobs that a cron job makes.',
  {
    metadata: struct(1, objectMeta).always().doc('Labels and annotations of the jobs.'),
    spec: struct(2, jobSpec).always().doc('What the jobs run.'),
  },
)
export type JobTemplateSpec = ValueOfShape<typeof jobTemplateSpec>
