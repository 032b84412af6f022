/** Objects of the core group and of the workloads. */
import { condition, type Fixture, onlyMetadata, podSpec, selected } from './fixture.ts'

const involved = { kind: 'Pod', namespace: 'default', name: 'web', apiVersion: 'v1' }
const time = '2026-05-01T12:00:00Z'
const claimSpec = {
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '1Gi' } },
  storageClassName: 'slow',
}

export const coreObjects: Readonly<Record<string, Fixture>> = {
  'v1 ConfigMap': { object: { data: { a: '1' } }, change: { data: { b: '2' } } },
  'v1 Endpoints': {
    object: {
      subsets: [{ addresses: [{ ip: '10.9.0.1' }], ports: [{ port: 80, protocol: 'TCP' }] }],
    },
    change: {
      subsets: [{ addresses: [{ ip: '10.9.0.2' }], ports: [{ port: 80, protocol: 'TCP' }] }],
    },
  },
  'v1 Event': {
    object: { involvedObject: involved, reason: 'Tested', type: 'Normal', count: 1 },
    change: { count: 2 },
  },
  'v1 LimitRange': {
    object: { spec: { limits: [{ type: 'Pod', max: { cpu: '2' } }] } },
    change: { spec: { limits: [{ type: 'Pod', max: { cpu: '3' } }] } },
  },
  'v1 Namespace': {
    object: {},
    change: onlyMetadata,
    status: { conditions: [{ type: 'Fine', status: 'True' }] },
  },
  'v1 Node': {
    object: { spec: { podCIDR: '10.200.1.0/24' } },
    change: { spec: { unschedulable: true } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  },
  'v1 PersistentVolumeClaim': {
    object: { spec: claimSpec },
    change: onlyMetadata,
    status: { conditions: [{ type: 'Resizing', status: 'True' }] },
  },
  'v1 PersistentVolume': {
    object: {
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        hostPath: { path: '/tmp/volume' },
      },
    },
    change: { spec: { persistentVolumeReclaimPolicy: 'Delete' } },
    status: { message: 'fine' },
  },
  'v1 Pod': {
    object: { spec: { ...podSpec, automountServiceAccountToken: false } },
    change: { spec: { activeDeadlineSeconds: 100 } },
    status: { message: 'fine' },
  },
  'v1 PodTemplate': {
    object: { template: { metadata: { labels: { app: 'web' } }, spec: podSpec } },
    change: { template: { metadata: { labels: { tier: 'front' } } } },
  },
  'v1 ReplicationController': {
    object: { spec: { ...selected, selector: { app: 'web' }, replicas: 2 } },
    change: { spec: { minReadySeconds: 3 } },
    status: { replicas: 1 },
  },
  'v1 ResourceQuota': {
    object: { spec: { hard: { pods: '10k' } } },
    change: { spec: { hard: { pods: '20k' } } },
    status: { hard: { pods: '10k' } },
  },
  'v1 Secret': { object: { data: { a: 'YQ==' } }, change: { data: { b: 'Yg==' } } },
  'v1 ServiceAccount': {
    object: { automountServiceAccountToken: false },
    change: { automountServiceAccountToken: true },
  },
  'v1 Service': {
    object: { spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: 80 }] } },
    change: { spec: { publishNotReadyAddresses: true } },
    status: { conditions: [condition] },
  },
  'apps/v1 ControllerRevision': {
    object: { revision: 1, data: { spec: { a: 1 } } },
    change: { revision: 2 },
  },
  'apps/v1 DaemonSet': {
    object: { spec: selected },
    change: { spec: { minReadySeconds: 3 } },
    status: { numberReady: 1 },
  },
  'apps/v1 Deployment': {
    object: { spec: { ...selected, replicas: 2 } },
    change: { spec: { paused: true } },
    status: { replicas: 1 },
  },
  'apps/v1 ReplicaSet': {
    object: { spec: { ...selected, replicas: 2 } },
    change: { spec: { minReadySeconds: 3 } },
    status: { replicas: 1 },
  },
  'apps/v1 StatefulSet': {
    object: { spec: { ...selected, serviceName: 'web', replicas: 2 } },
    change: { spec: { minReadySeconds: 3 } },
    status: { replicas: 1 },
  },
  'events.k8s.io/v1 Event': {
    object: {
      regarding: involved,
      reason: 'Tested',
      action: 'Testing',
      type: 'Normal',
      eventTime: '2026-05-01T12:00:00.000000Z',
      reportingController: 'example.com/tester',
      reportingInstance: 'tester-1',
    },
    change: { series: { count: 2, lastObservedTime: '2026-05-01T12:00:01.000000Z' } },
  },
  'autoscaling/v2 HorizontalPodAutoscaler': {
    object: {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 3,
      },
    },
    change: { spec: { maxReplicas: 4 } },
    status: { currentReplicas: 1 },
  },
  'autoscaling/v1 HorizontalPodAutoscaler': {
    object: {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 3,
      },
    },
    change: { spec: { maxReplicas: 4 } },
    status: { currentReplicas: 1 },
  },
  'batch/v1 CronJob': {
    object: {
      spec: {
        schedule: '* * * * *',
        jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
      },
    },
    change: { spec: { suspend: true } },
    status: { lastScheduleTime: time },
  },
  'batch/v1 Job': {
    object: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
    change: { spec: { parallelism: 2 } },
    status: { active: 1 },
  },
  'policy/v1 PodDisruptionBudget': {
    object: { spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } },
    change: { spec: { minAvailable: 2 } },
    status: { currentHealthy: 1 },
  },
}
