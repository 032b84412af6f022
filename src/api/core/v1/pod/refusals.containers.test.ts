/** What containers, and what they use of the pod, are refused for: in the words and the order of upstream. */
import {
  containerWith,
  files,
  fromFile,
  KEY,
  LABEL,
  podWith,
  refuses,
  SUBDOMAIN,
} from './testing.ts'

const C = 'spec.containers[0]'
const claims = [{ name: 'one', resourceClaimName: 'c' }]
const using = (used: object[], resourceClaims: object[] = claims) =>
  containerWith({ resources: { claims: used } }, { resourceClaims })

refuses({
  hooks: [
    [
      'a sleep beyond the end',
      containerWith({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
      [
        `${C}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)`,
      ],
    ],
  ],
  environment: [
    [
      'a source of nothing',
      containerWith({ envFrom: [{}] }),
      [`${C}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``],
    ],
    [
      'files of no volume, after all else',
      containerWith({ env: fromFile('no') }, { volumes: files, dnsPolicy: 'X' }),
      [
        'spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
        `${C}.env[0].valueFrom.fileKeyRef.volumeName: Not found: "no"`,
      ],
    ],
    [
      'files of a volume that containers can’t write',
      containerWith({ env: fromFile('config') }, { volumes: files }),
      [
        `${C}.env[0].valueFrom.fileKeyRef.volumeName: Invalid value: "config": referenced volume must be of type emptyDir`,
      ],
    ],
    [
      'files of a volume without a name',
      containerWith({ env: fromFile('') }, { volumes: files }),
      [
        `${C}.env[0].valueFrom.fileKeyRef.volumeName: Required value`,
        `${C}.env[0].valueFrom.fileKeyRef.volumeName: Not found: ""`,
      ],
    ],
    [
      'files outside the volume',
      containerWith({ env: fromFile('files', '../a') }, { volumes: files }),
      [`${C}.env[0].valueFrom.fileKeyRef.path: Invalid value: "../a": must not contain '..'`],
    ],
  ],
  resources: [
    [
      'half a huge page',
      containerWith({ resources: { limits: { cpu: '1', 'hugepages-2Mi': '1Mi' } } }),
      [
        `${C}.resources.limits[hugepages-2Mi]: Invalid value: "1Mi": 1Mi is not positive integer multiple of hugepages-2Mi`,
        `${C}.resources.requests[hugepages-2Mi]: Invalid value: "1Mi": 1Mi is not positive integer multiple of hugepages-2Mi`,
      ],
    ],
    [
      'huge pages alone',
      containerWith({ resources: { limits: { 'hugepages-2Mi': '2Mi' } } }),
      [`${C}.resources: Forbidden: HugePages require cpu or memory`],
    ],
    [
      'of the pod what only containers have',
      podWith({ resources: { limits: { 'not valid!': '1' } } }),
      [`spec.resources.limits[not valid!]: Invalid value: "not valid!": ${KEY}`],
    ],
    [
      'policies of resizing',
      containerWith({
        resizePolicy: [
          { resourceName: 'cpu', restartPolicy: 'NotRequired' },
          { resourceName: 'cpu', restartPolicy: 'X' },
          { resourceName: 'x', restartPolicy: '' },
        ],
      }),
      [
        `${C}.resizePolicy[1]: Duplicate value: "cpu"`,
        `${C}.resizePolicy: Unsupported value: "X": supported values: "NotRequired", "RestartContainer"`,
        `${C}.resizePolicy: Unsupported value: "x": supported values: "cpu", "memory"`,
        `${C}.resizePolicy: Required value`,
      ],
    ],
    [
      'a restart of what ends before the others begin',
      podWith({
        initContainers: [
          {
            ...{ name: 'i', image: 'i', terminationMessagePolicy: 'File', resources: {} },
            ...{ imagePullPolicy: 'Always' },
            resizePolicy: [
              { resourceName: 'cpu', restartPolicy: 'NotRequired' },
              { resourceName: 'memory', restartPolicy: 'RestartContainer' },
            ],
          },
        ],
      }),
      [
        'spec.initContainers[0].resizePolicy[1].restartPolicy: Invalid value: "RestartContainer": must not be set to \'RestartContainer\' for non-sidecar initContainers',
      ],
    ],
    [
      'a restart where there is none',
      containerWith(
        { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] },
        { restartPolicy: 'Never' },
      ),
      [
        `${C}.resizePolicy: Invalid value: "RestartContainer": must be 'NotRequired' when pod \`restartPolicy\` is 'Never'`,
      ],
    ],
  ],
  volumes: [
    [
      'what is wrong with a source before its name, and nothing to mount of either',
      containerWith(
        { volumeMounts: [{ name: 'a', mountPath: '/a' }] },
        {
          volumes: [
            { name: 'a', secret: { secretName: '' } },
            { name: '', emptyDir: {} },
          ],
        },
      ),
      [
        'spec.volumes[0].secret.secretName: Required value',
        'spec.volumes[1].name: Required value',
        `${C}.volumeMounts[0].name: Not found: "a"`,
      ],
    ],
    [
      'mounts of nothing',
      containerWith({
        volumeMounts: [{ name: '', mountPath: '' }],
        volumeDevices: [{ name: '', devicePath: '' }],
      }),
      [
        `${C}.volumeMounts[0].name: Required value`,
        `${C}.volumeMounts[0].name: Not found: ""`,
        `${C}.volumeMounts[0].mountPath: Required value`,
        `${C}.volumeMounts[0].name: Invalid value: "": must not already exist in volumeDevices`,
        `${C}.volumeMounts[0].mountPath: Invalid value: "": must not already exist as a path in volumeDevices`,
        `${C}.volumeDevices[0].name: Required value`,
        `${C}.volumeDevices[0].name: Not found: ""`,
        `${C}.volumeDevices[0].devicePath: Required value`,
        `${C}.volumeDevices[0].name: Invalid value: "": must not already exist in volumeMounts`,
        `${C}.volumeDevices[0].devicePath: Invalid value: "": must not already exist as a path in volumeMounts`,
      ],
    ],
    [
      'places within volumes, of which the mount is not told',
      containerWith(
        {
          volumeMounts: [
            { name: 'files', mountPath: '/a', subPath: '../x' },
            { name: 'files', mountPath: '/b', subPathExpr: '/x' },
            { name: 'files', mountPath: '/c', subPath: 'x', subPathExpr: 'y' },
            { name: 'files', mountPath: '/d', recursiveReadOnly: 'X' },
            { name: 'files', mountPath: '/e', mountPropagation: '' },
          ],
        },
        { volumes: files },
      ),
      [
        `${C}.volumeMounts.subPath: Invalid value: "../x": must not contain '..'`,
        `${C}.volumeMounts.subPathExpr: Invalid value: "/x": must be a relative path`,
        `${C}.volumeMounts[2].subPathExpr: Invalid value: "y": subPathExpr and subPath are mutually exclusive`,
        `${C}.volumeMounts.recursiveReadOnly: Unsupported value: "X": supported values: "Disabled", "Enabled", "IfPossible"`,
        `${C}.volumeMounts.mountPropagation: Unsupported value: "": supported values: "Bidirectional", "HostToContainer", "None"`,
      ],
    ],
    [
      'files in each other’s way',
      podWith({
        volumes: [
          {
            name: 'all',
            projected: {
              sources: [
                {},
                { secret: { name: 's', items: ['a', 'b'].map(key => ({ key, path: 'x' })) } },
                { serviceAccountToken: { path: 'x' } },
              ],
            },
          },
        ],
        serviceAccountName: 'a',
      }),
      ['spec.volumes[0].projected: Invalid value: "s": conflicting duplicate paths'],
    ],
    [
      'devices out of their place',
      containerWith(
        { volumeDevices: [{ name: 'block', devicePath: '/../a' }] },
        { volumes: files },
      ),
      [
        `${C}.volumeDevices[0].devicePath: Invalid value: "/../a": can not contain backsteps ('..')`,
      ],
    ],
  ],
  restarts: [
    [
      'a policy that is none, before what depends on it',
      podWith({
        initContainers: [
          {
            name: 'first',
            image: 'i',
            restartPolicy: 'X',
            startupProbe: { tcpSocket: { port: 1 } },
          },
        ],
      }),
      [
        'spec.initContainers[0].restartPolicy: Unsupported value: "X": supported values: "Always", "Never", "OnFailure"',
        'spec.initContainers[0].startupProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      'rules that say nothing',
      containerWith({
        restartPolicy: 'Never',
        restartPolicyRules: [{}, { action: 'Restart', exitCodes: {} }],
      }),
      [
        `${C}.restartPolicyRules[0].action: Unsupported value: "": supported values: "Restart", "RestartAllContainers"`,
        `${C}.restartPolicyRules[0].exitCodes: Required value: must be specified`,
        `${C}.restartPolicyRules[1].exitCodes.operator: Unsupported value: "": supported values: "In", "NotIn"`,
      ],
    ],
  ],
  claims: [
    [
      'that the pod has not',
      using([{ name: 'no' }, { name: '' }, { name: 'one', request: 'A_' }]),
      [
        `${C}.resources.claims[0]: Not found: "no": must be one of the names in pod.spec.resourceClaims: one`,
        `${C}.resources.claims[1]: Required value`,
        `${C}.resources.claims[2].request: Invalid value: "A_": ${LABEL}`,
      ],
    ],
    [
      'where the pod has none',
      using([{ name: 'no' }], []),
      [
        `${C}.resources.claims[0]: Not found: "no": must be one of the names in pod.spec.resourceClaims which is empty`,
      ],
    ],
    [
      'twice, in parts and as a whole',
      using([
        { name: 'one', request: 'r' },
        { name: 'one', request: 'r' },
        { name: 'one' },
        { name: 'one', request: 's' },
      ]),
      [
        `${C}.resources.claims[1]: Duplicate value: "one/r"`,
        `${C}.resources.claims[2]: Duplicate value: "one"`,
        `${C}.resources.claims[3]: Duplicate value: "one"`,
      ],
    ],
    [
      'of nothing, of two things, twice, under no name',
      using(
        [],
        [
          ...claims,
          ...claims,
          { name: 'two' },
          { name: '', resourceClaimName: 'a', resourceClaimTemplateName: '' },
        ],
      ),
      [
        'spec.resourceClaims[1].name: Duplicate value: "one"',
        'spec.resourceClaims[2]: Invalid value: {"Name":"two","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
        'spec.resourceClaims[3].name: Required value',
        'spec.resourceClaims[3]: Invalid value: {"Name":"","ResourceClaimName":"a","ResourceClaimTemplateName":""}: at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
        `spec.resourceClaims[3].resourceClaimTemplateName: Invalid value: "": ${SUBDOMAIN}`,
      ],
    ],
    [
      'with names that get too long',
      {
        metadata: { name: 'p'.repeat(240) },
        ...podWith({ resourceClaims: [{ name: 'c'.repeat(20), resourceClaimTemplateName: 't' }] }),
      },
      [
        `spec.resourceClaims[0].name: Invalid value: "${'p'.repeat(240)}-${'c'.repeat(20)}": final ResourceClaim name: must be no more than 253 characters`,
      ],
    ],
  ],
})
