/** Pods of which much is said already. */
import { podSpec } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import type { Variant } from './variant.ts'

const none = { automountServiceAccountToken: false }
const main = { name: 'main', image: 'registry.example/app:1' }
const time = '2026-01-02T03:04:05Z'
const ran = (name: string) => ({
  name,
  image: 'i',
  imageID: 'sha256:a',
  containerID: 'containerd://b',
  ready: true,
  started: true,
  restartCount: 2,
  state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: time, finishedAt: time } },
  lastState: { terminated: { exitCode: 3, signal: 9, message: 'm' } },
  user: { linux: { uid: 1, gid: 2, supplementalGroups: [3, 4] } },
})
/** What a kubelet and others say of a pod, which is nearly all there is to say. */
const over: Variant = {
  title: 'that is over',
  object: {
    spec: {
      ...none,
      restartPolicy: 'OnFailure',
      nodeName: 'n1',
      initContainers: [{ ...main, name: 'first' }],
      containers: [
        {
          ...main,
          resources: {
            requests: { cpu: '1', 'example.com/x': '1' },
            limits: { 'example.com/x': '1' },
            claims: [{ name: 'one', request: 'r' }],
          },
        },
        { ...main, name: 'other', restartPolicy: 'Never' },
      ],
      resourceClaims: [{ name: 'one', resourceClaimTemplateName: 't' }],
    },
  },
  status: {
    phase: 'Succeeded',
    message: 'm',
    reason: 'R',
    observedGeneration: 1,
    startTime: time,
    hostIP: '10.0.0.1',
    hostIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
    podIP: '10.9.0.1',
    podIPs: [{ ip: '10.9.0.1' }, { ip: 'fd00::2' }],
    conditions: [
      { type: 'Ready', status: 'False', observedGeneration: 1, lastProbeTime: time },
      {
        type: 'example.com/x',
        status: 'True',
        lastTransitionTime: time,
        reason: 'R',
        message: 'm',
      },
    ],
    initContainerStatuses: [ran('first')],
    containerStatuses: [
      {
        ...ran('main'),
        allocatedResources: { cpu: '1' },
        resources: { requests: { cpu: '1' }, limits: { cpu: '2' } },
        volumeMounts: [
          { name: 'v', mountPath: '/a', readOnly: true, recursiveReadOnly: 'Enabled' },
        ],
        allocatedResourcesStatus: [
          { name: 'example.com/x', resources: [{ resourceID: 'a', health: 'Healthy' }] },
          { name: 'claim:one/r', resources: [{ resourceID: 'a', health: 'Unknown' }] },
        ],
        stopSignal: 'SIGTERM',
      },
      ran('other'),
      ran('unknown'),
    ],
    ephemeralContainerStatuses: [ran('debugger')],
    resourceClaimStatuses: [{ name: 'one', resourceClaimName: 'web-one' }],
    extendedResourceClaimStatus: {
      resourceClaimName: 'x',
      requestMappings: [
        { containerName: 'main', resourceName: 'example.com/x', requestName: 'request-0' },
      ],
    },
  },
}
/** What runs, with an amount of resources that may change. */
const running: Variant = {
  title: 'that runs',
  object: {
    spec: {
      ...none,
      nodeName: 'n1',
      containers: [{ ...main, resources: { requests: { cpu: '1', memory: '1Gi' } } }],
    },
  },
  status: {
    containerStatuses: [
      {
        ...ran('main'),
        state: { running: { startedAt: time } },
        resources: { requests: { cpu: '1' } },
      },
    ],
  },
}
const nominated: Variant = {
  title: 'that waits',
  // So that nobody can place it.
  object: { spec: { ...none, ...podSpec, schedulingGates: [{ name: 'example.com/wait' }] } },
  status: { nominatedNodeName: 'n1' },
}

export const podsWithStatus: readonly Variant[] = [over, running, nominated]
