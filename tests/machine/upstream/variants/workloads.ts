/** What carries templates of pods. */
import {
  type Plain,
  podSpec,
  selected,
} from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import {
  affinity,
  claimTemplate,
  env,
  handlers,
  main,
  pods,
  ports,
  projected,
  resources,
} from './pods.ts'
import type { Variant, Variants } from './variant.ts'

/** What a template says goes through the same code in every kind that has one; one of them says much. */
const rich = {
  ...selected,
  template: {
    metadata: { labels: { app: 'web' }, annotations: { a: 'b' } },
    spec: {
      initContainers: [{ name: 'first', image: 'i' }],
      containers: [{ ...main, ports, env, resources, livenessProbe: handlers[1] }],
      volumes: [
        { name: 'v', ...projected },
        { name: 'files', emptyDir: {} },
      ],
      affinity,
    },
  },
}
const jobTemplate = { spec: { ...podSpec, restartPolicy: 'Never' } }
const job = (title: string, spec: Plain, change?: Plain): Variant => ({
  title,
  object: { spec: { template: jobTemplate, ...spec } },
  ...(change && { change }),
})

export const podVariants: Variants = {
  'v1 Pod': pods,
  'v1 PodTemplate': [{ title: 'rich', object: { template: rich.template } }],
  'v1 ReplicationController': [
    { title: 'rich', object: { spec: { ...rich, selector: { app: 'web' } } } },
    { title: 'selector of its template', object: { spec: { template: selected.template } } },
  ],
  'apps/v1 Deployment': [
    {
      title: 'rich',
      object: {
        spec: {
          ...rich,
          strategy: {
            type: 'RollingUpdate',
            rollingUpdate: { maxSurge: 2, maxUnavailable: '10%' },
          },
        },
      },
    },
    { title: 'Recreate', object: { spec: { ...selected, strategy: { type: 'Recreate' } } } },
  ],
  'apps/v1 ReplicaSet': [{ title: 'rich', object: { spec: rich } }],
  'apps/v1 DaemonSet': [
    {
      title: 'rich',
      object: {
        spec: {
          ...rich,
          updateStrategy: {
            type: 'RollingUpdate',
            rollingUpdate: { maxSurge: 0, maxUnavailable: 3 },
          },
        },
      },
    },
    { title: 'OnDelete', object: { spec: { ...selected, updateStrategy: { type: 'OnDelete' } } } },
  ],
  'apps/v1 StatefulSet': [
    {
      title: 'rich',
      object: {
        spec: {
          ...rich,
          serviceName: 's',
          podManagementPolicy: 'Parallel',
          updateStrategy: {
            type: 'RollingUpdate',
            rollingUpdate: { partition: 1, maxUnavailable: 2 },
          },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
          ordinals: { start: 3 },
          volumeClaimTemplates: [{ metadata: { name: 'd', labels: { a: 'b' } }, ...claimTemplate }],
        },
      },
    },
    { title: 'OnDelete', object: { spec: { ...selected, updateStrategy: { type: 'OnDelete' } } } },
  ],
  'batch/v1 Job': [
    job('indexed', {
      completionMode: 'Indexed',
      completions: 3,
      parallelism: 2,
      backoffLimitPerIndex: 1,
      maxFailedIndexes: 2,
      podReplacementPolicy: 'Failed',
      successPolicy: {
        rules: [{ succeededIndexes: '0-1', succeededCount: 1 }, { succeededCount: 2 }],
      },
      podFailurePolicy: {
        rules: [
          {
            action: 'FailIndex',
            onExitCodes: { containerName: 'main', operator: 'In', values: [1, 2] },
          },
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
          { action: 'Count', onPodConditions: [{ type: 'X', status: 'False' }] },
        ],
      },
    }),
    job('suspended', { suspend: true, managedBy: 'example.com/other', ttlSecondsAfterFinished: 5 }),
    job('selector by hand', {
      manualSelector: true,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, ...jobTemplate },
    }),
  ],
  'batch/v1 CronJob': [
    {
      title: 'zone',
      object: {
        spec: {
          schedule: '@hourly',
          timeZone: 'Europe/Berlin',
          concurrencyPolicy: 'Forbid',
          jobTemplate: {
            metadata: { labels: { a: 'b' } },
            spec: { completions: 2, template: jobTemplate },
          },
        },
      },
    },
  ],
}
