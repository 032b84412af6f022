/** Objects whose fields several writers own, with lists of all sorts in them. */
import { always, anyOf, fields, item, maybeEmpty, onceOf, type Part, someOf } from '../grammar.ts'

export interface Owned {
  readonly title: string
  /** The paths of the collection in all versions; what is made of it begins in any. */
  readonly collections: readonly string[]
  readonly apiVersions: readonly string[]
  readonly kind: string
  /** What is beside the metadata, for each version. */
  readonly contents: readonly Part[]
  readonly status?: Part
  readonly isScaled?: true
  /** Whether one applier applies in several versions. */
  readonly movesFreely?: true
}

const text = anyOf('1', '2', '3')
const image = anyOf('i:1', 'i:2')
const number = anyOf(1, 2, 3)

const owner = (name: string, uid: string) =>
  item(
    { apiVersion: 'v1', kind: 'Pod', name, uid: `6c5d3b4e-0000-4000-8000-00000000000${uid}` },
    { blockOwnerDeletion: anyOf(true, false) },
  )

/** What all objects have. */
export const metadata = fields({
  labels: maybeEmpty(fields({ a: text, b: text, 'example.com/c': text })),
  annotations: maybeEmpty(fields({ a: text, b: text })),
  finalizers: someOf(anyOf('example.com/a'), anyOf('example.com/b'), anyOf('example.com/c')),
  ownerReferences: someOf(owner('a', '1'), owner('b', '2')),
})

const configMap: Owned = {
  title: 'ConfigMap',
  collections: ['/api/v1/namespaces/default/configmaps'],
  apiVersions: ['v1'],
  kind: 'ConfigMap',
  contents: [
    fields({
      data: maybeEmpty(fields({ a: text, b: text, c: text, 'd.e': anyOf('', 'x') })),
      binaryData: maybeEmpty(fields({ y: anyOf('AA==', 'AQ=='), z: anyOf('AA==', '') })),
      immutable: anyOf(false),
    }),
  ],
}

const port = (containerPort: number, protocol?: string) =>
  item({ containerPort, ...(protocol ? { protocol } : {}) }, { hostPort: anyOf(0) })

const reference = (name: string) =>
  item({ name, valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }, {})
const variable = (name: string) => item({ name }, { value: text })

const container = (name: string, needed: Part = image) =>
  item(
    { name },
    {
      image: always(needed),
      command: anyOf(['a'], ['a', 'b'], []),
      env: someOf(variable('A'), variable('B'), variable('C'), reference('D')),
      ports: someOf(port(80), port(80, 'TCP'), port(80, 'UDP'), port(81)),
      resources: maybeEmpty(
        fields({
          limits: maybeEmpty(
            fields({ cpu: anyOf('1', '1000m', 2), memory: anyOf('1Gi', '1024Mi') }),
          ),
          requests: fields({ cpu: anyOf('1', '500m') }),
        }),
      ),
      volumeMounts: onceOf(
        item({ mountPath: '/a', name: 'v' }, { readOnly: anyOf(true, false) }),
        item({ mountPath: '/b', name: 'v' }, {}),
      ),
      securityContext: maybeEmpty(
        fields({ runAsUser: number, capabilities: fields({ add: anyOf(['A'], ['A', 'B']) }) }),
      ),
    },
  )

const volume = onceOf(
  item({ name: 'v' }, { emptyDir: fields({ medium: anyOf('Memory') }) }),
  item({ name: 'w', configMap: { name: 'c' } }, {}),
)

const podSpec = fields({
  containers: always(onceOf(container('c'), container('d'))),
  initContainers: onceOf(container('i'), container('j')),
  volumes: always(volume),
  nodeSelector: maybeEmpty(fields({ a: text, b: text })),
  tolerations: anyOf([], [{ key: 'a', operator: 'Exists' }], [{ operator: 'Exists' }]),
  hostAliases: someOf(item({ ip: '10.0.0.1' }, { hostnames: anyOf(['a'], ['b']) })),
  imagePullSecrets: someOf(item({ name: 'a' }, {}), item({ name: 'b' }, {})),
  affinity: fields({
    nodeAffinity: fields({
      preferredDuringSchedulingIgnoredDuringExecution: anyOf([
        { weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } },
      ]),
    }),
  }),
  terminationGracePeriodSeconds: number,
  securityContext: maybeEmpty(
    fields({ runAsUser: number, supplementalGroups: anyOf([1], [1, 2]) }),
  ),
  topologySpreadConstraints: someOf(
    item(
      { topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule', maxSkew: 1 },
      { labelSelector: fields({ matchLabels: fields({ a: text }) }) },
    ),
    item({ topologyKey: 'b', whenUnsatisfiable: 'DoNotSchedule', maxSkew: 2 }, {}),
  ),
})

const condition = (type: string, more: Readonly<Record<string, Part>> = {}) =>
  item({ type }, { status: always(anyOf('True', 'False')), reason: anyOf('A', 'B'), ...more })

const deployment: Owned = {
  title: 'Deployment',
  collections: ['/apis/apps/v1/namespaces/default/deployments'],
  apiVersions: ['apps/v1'],
  kind: 'Deployment',
  isScaled: true,
  contents: [
    fields({
      spec: always(
        fields({
          replicas: number,
          selector: always(() => ({ matchLabels: { app: 'x' } })),
          strategy: maybeEmpty(
            fields({
              type: anyOf('RollingUpdate'),
              rollingUpdate: maybeEmpty(fields({ maxSurge: anyOf(1, '25%') })),
            }),
          ),
          template: always(
            fields({
              metadata: always(
                fields({
                  labels: always(item({ app: 'x' }, { a: text })),
                  annotations: fields({ a: text }),
                }),
              ),
              spec: always(podSpec),
            }),
          ),
          paused: anyOf(true, false),
          minReadySeconds: anyOf(0, 1),
        }),
      ),
    }),
  ],
  status: fields({
    replicas: number,
    observedGeneration: anyOf(1),
    updatedReplicas: number,
    conditions: someOf(condition('Available'), condition('Progressing'), condition('Other')),
  }),
}

const service: Owned = {
  title: 'Service',
  collections: ['/api/v1/namespaces/default/services'],
  apiVersions: ['v1'],
  kind: 'Service',
  contents: [
    fields({
      spec: always(
        fields({
          selector: maybeEmpty(fields({ a: text, b: text })),
          ports: always(
            onceOf(
              item(
                { port: 80, name: 'a' },
                { targetPort: anyOf(80, 'web'), protocol: anyOf('TCP') },
              ),
              item({ port: 80, protocol: 'UDP', name: 'b' }, { appProtocol: anyOf('x') }),
              item({ port: 81, name: 'c' }, { targetPort: anyOf(1) }),
            ),
          ),
          externalIPs: anyOf(['1.2.3.4'], ['1.2.3.4', '1.2.3.5'], []),
          sessionAffinity: anyOf('None', 'ClientIP'),
          type: anyOf('ClusterIP'),
          publishNotReadyAddresses: anyOf(true, false),
        }),
      ),
    }),
  ],
  status: fields({
    conditions: someOf(
      condition('Ready', {
        message: anyOf('a'),
        lastTransitionTime: always(anyOf('2026-01-01T00:00:00Z')),
      }),
      condition('Known', {
        message: anyOf('a'),
        lastTransitionTime: always(anyOf('2026-01-01T00:00:00Z')),
      }),
    ),
  }),
}

const scaleTarget = always(() => ({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' }))
const resource = (name: string) => ({
  type: 'Resource',
  resource: { name, target: { type: 'Utilization', averageUtilization: 50 } },
})

const autoscaler: Owned = {
  title: 'HorizontalPodAutoscaler',
  collections: [
    '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
    '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers',
  ],
  apiVersions: ['autoscaling/v2', 'autoscaling/v1'],
  kind: 'HorizontalPodAutoscaler',
  contents: [
    fields({
      spec: always(
        fields({
          scaleTargetRef: scaleTarget,
          maxReplicas: always(anyOf(5, 6)),
          minReplicas: number,
          metrics: anyOf([resource('cpu')], [resource('memory')], []),
          behavior: fields({
            scaleDown: fields({
              stabilizationWindowSeconds: number,
              policies: anyOf([{ type: 'Pods', value: 1, periodSeconds: 1 }]),
            }),
          }),
        }),
      ),
    }),
    fields({
      spec: always(
        fields({
          scaleTargetRef: scaleTarget,
          maxReplicas: always(anyOf(5, 6)),
          minReplicas: number,
          targetCPUUtilizationPercentage: anyOf(50, 60),
        }),
      ),
    }),
  ],
}

const pod: Owned = {
  title: 'Pod',
  collections: ['/api/v1/namespaces/default/pods'],
  apiVersions: ['v1'],
  kind: 'Pod',
  contents: [
    fields({
      spec: always(
        fields({
          containers: always((dice, use) => [{ name: 'c', image: image(dice, use) }]),
          activeDeadlineSeconds: anyOf(9),
          tolerations: anyOf([{ key: 'a', operator: 'Exists' }]),
          terminationGracePeriodSeconds: anyOf(30),
        }),
      ),
    }),
  ],
  status: fields({
    phase: anyOf('Pending', 'Running'),
    conditions: someOf(
      condition('Ready', { message: anyOf('a', 'b') }),
      condition('ContainersReady'),
      condition('example.com/gate'),
    ),
    podIPs: anyOf([], [{ ip: '10.1.0.1' }]),
    containerStatuses: anyOf(
      [],
      [{ name: 'c', ready: true, restartCount: 1, image: 'i', imageID: '' }],
    ),
    nominatedNodeName: anyOf('a', 'b'),
  }),
}

export const OWNED: readonly Owned[] = [configMap, deployment, service, autoscaler, pod]
