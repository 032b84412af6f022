/** What pods as a whole are refused for, in the words and the order of upstream; and what they are not. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { problemsOf } from '../testing.ts'
import { pod } from './pod.ts'
import {
  type Case,
  containerWith,
  files,
  fromFile,
  KEY,
  LABEL,
  NO_NAME,
  podWith,
  refuses,
  SUBDOMAIN,
} from './testing.ts'

const C = 'spec.containers[0]'
const spread = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }
const affine = (term: object) => ({
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', ...term }],
    },
  },
})
const AFFINE = 'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]'
const labelSelector = { matchLabels: { app: 'web' } }
const nodeTerms = (field: string, values: string[]) => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ [field]: [{ key: 'metadata.name', operator: 'In', values }] }],
      },
    },
  },
})

const USER = 'spec.securityContext.windowsOptions.runAsUserName'
const usersOfWindows = Object.entries({
  '': ' cannot be an empty string',
  'a\\b\\c': ' cannot contain more than one backslash',
  ['a'.repeat(105)]: "'s User length must not be longer than 104 characters",
  '. .': "'s User cannot contain only periods or spaces",
  'a\\': "'s User cannot be empty",
  'a\u0001': ' cannot contain control characters',
}).map(([runAsUserName, message]): Case => {
  // Hidden letters as Go shows them.
  const shown = JSON.stringify(runAsUserName).replace('\\u00', '\\x')
  return [
    `the user ${shown.slice(0, 20)}`,
    podWith({ securityContext: { windowsOptions: { runAsUserName } } }),
    [`${USER}: Invalid value: ${shown}: runAsUserName${message}`],
  ]
})

const HUGE_PAGE = 'hugepages-2Mi'

refuses({
  overhead: [
    [
      'is looked at as the limits of a container',
      podWith({ overhead: { cpu: '-1', storage: '1' } }),
      [
        'spec.overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        'spec.overhead.limits[storage]: Invalid value: "storage": must be a standard resource for containers',
      ],
    ],
    [
      'of huge pages alone',
      podWith({ overhead: { [HUGE_PAGE]: '2Mi' } }),
      ['spec.overhead: Forbidden: HugePages require cpu or memory'],
    ],
  ],
  security: [
    [
      'values that are none',
      containerWith(
        { securityContext: { procMount: '', seccompProfile: {}, appArmorProfile: {} } },
        {
          securityContext: {
            fsGroupChangePolicy: '',
            supplementalGroupsPolicy: '',
            seLinuxChangePolicy: 'MountOption',
            appArmorProfile: { type: 'X', localhostProfile: 'p' },
          },
        },
      ),
      [
        `${C}.securityContext.procMount: Unsupported value: "": supported values: "Default", "Unmasked"`,
        `${C}.securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set`,
        `${C}.securityContext.appArmorProfile.type: Required value: type is required when appArmorProfile is set`,
        'spec.securityContext.fsGroupChangePolicy: Unsupported value: "": supported values: "Always", "OnRootMismatch"',
        'spec.securityContext.appArmorProfile.type: Unsupported value: "X": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
        'spec.securityContext.supplementalGroupsPolicy: Unsupported value: "": supported values: "Merge", "Strict"',
        'spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"',
      ],
    ],
    [
      'padded profiles',
      containerWith({
        securityContext: {
          appArmorProfile: { type: 'Localhost', localhostProfile: ' p' },
          seccompProfile: { type: 'Localhost' },
        },
      }),
      [
        `${C}.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost`,
        `${C}.securityContext.appArmorProfile.localhostProfile: Invalid value: " p": must not be padded with whitespace`,
      ],
    ],
    [
      'parameters of the host, and twice',
      podWith({
        hostNetwork: true,
        hostIPC: true,
        securityContext: {
          sysctls: ['net.core.x', 'net/core/x', 'kernel.shm_rmid_forced', 'vm.a', 'vm.a'].map(
            name => ({ name, value: '1' }),
          ),
        },
      }),
      [
        `spec.securityContext.sysctls[0].name: Invalid value: "net.core.x": may not be specified when 'hostNetwork' is true`,
        `spec.securityContext.sysctls[1].name: Invalid value: "net/core/x": may not be specified when 'hostNetwork' is true`,
        `spec.securityContext.sysctls[2].name: Invalid value: "kernel.shm_rmid_forced": may not be specified when 'hostIPC' is true`,
        'spec.securityContext.sysctls[4].name: Duplicate value: "vm.a"',
      ],
    ],
  ],
  'operating systems': [
    [
      'users of Windows',
      podWith({
        securityContext: { windowsOptions: { runAsUserName: '.\\b*', gmsaCredentialSpec: '' } },
      }),
      [
        'spec.securityContext.windowsOptions.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string',
        'spec.securityContext.windowsOptions.runAsUserName: Invalid value: ".\\\\b*": runAsUserName\'s Domain doesn\'t match the NetBios nor the DNS format',
        'spec.securityContext.windowsOptions.runAsUserName: Invalid value: ".\\\\b*": runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]',
      ],
    ],
    ...usersOfWindows,
    [
      'some processes of the host’s',
      containerWith(
        { securityContext: { windowsOptions: { hostProcess: false } } },
        {
          initContainers: [{ name: 'first', image: 'i' }],
          securityContext: { windowsOptions: { hostProcess: true } },
        },
      ),
      [
        `${C}.securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true`,
        'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
        'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
      ],
    ],
    [
      'an unknown one, told without the field',
      podWith({ os: { name: 'plan9' } }),
      ['spec.os: Unsupported value: "plan9": supported values: "linux", "windows"'],
    ],
    [
      'what Windows has not',
      containerWith(
        { securityContext: { privileged: true, runAsUser: 1 } },
        { os: { name: 'windows' }, hostPID: true, securityContext: { fsGroup: 1 } },
      ),
      [
        'spec.hostPID',
        'spec.securityContext.fsGroup',
        `${C}.securityContext.privileged`,
        `${C}.securityContext.runAsUser`,
      ].map(field => `${field}: Forbidden: cannot be set for a windows pod`),
    ],
    [
      'what Linux has not',
      containerWith({ securityContext: { windowsOptions: {} } }, { os: { name: 'linux' } }),
      [
        `${C}.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod`,
      ],
    ],
  ],
  scheduling: [
    [
      'fields of nodes that no node has',
      podWith(nodeTerms('matchFields', ['A_'])),
      [
        `spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].values[0]: Invalid value: "A_": ${SUBDOMAIN}`,
      ],
    ],
    [
      'terms without a topology, in no namespace',
      podWith(affine({ labelSelector, topologyKey: '', namespaces: ['A_'] })),
      [
        `${AFFINE}.namespace: Invalid value: "A_": ${LABEL}`,
        `${AFFINE}.topologyKey: Required value: can not be empty`,
        `${AFFINE}.topologyKey: Invalid value: "": ${NO_NAME}`,
        `${AFFINE}.topologyKey: Invalid value: "": ${KEY}`,
      ],
    ],
    [
      'keys of labels',
      podWith(affine({ labelSelector, matchLabelKeys: ['a!', 'b'], mismatchLabelKeys: ['b'] })),
      [
        `${AFFINE}.matchLabelKeys[0]: Invalid value: "a!": ${KEY}`,
        `${AFFINE}.matchLabelKeys[1]: Invalid value: "b": exists in both matchLabelKeys and mismatchLabelKeys`,
      ],
    ],
    [
      'the same spread twice',
      podWith({
        topologySpreadConstraints: [
          { ...spread, labelSelector },
          { ...spread, matchLabelKeys: ['a!'] },
          { ...spread, labelSelector, topologyKey: 'x/y/z', whenUnsatisfiable: 'X', minDomains: 1 },
          {
            ...spread,
            labelSelector,
            topologyKey: 'a',
            matchLabelKeys: ['a!'],
            nodeTaintsPolicy: '',
          },
        ],
      }),
      [
        'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, DoNotSchedule}"',
        'spec.topologySpreadConstraints[1].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
        'spec.topologySpreadConstraints[2].whenUnsatisfiable: Unsupported value: "X": supported values: "DoNotSchedule", "ScheduleAnyway"',
        'spec.topologySpreadConstraints[2].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not X',
        'spec.topologySpreadConstraints[3].nodeTaintsPolicy: Unsupported value: "": supported values: "Honor", "Ignore"',
        `spec.topologySpreadConstraints[3].matchLabelKeys[0]: Invalid value: "a!": ${KEY}`,
      ],
    ],
    [
      'gates',
      podWith({ schedulingGates: [{ name: 'a' }, { name: 'a' }, {}] }),
      [
        'spec.schedulingGates[1]: Duplicate value: "a"',
        `spec.schedulingGates[2]: Invalid value: "": ${NO_NAME}`,
        `spec.schedulingGates[2]: Invalid value: "": ${KEY}`,
      ],
    ],
    [
      'effects, in their own order',
      podWith({ tolerations: [{ key: 'a', effect: 'X' }] }),
      [
        'spec.tolerations[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
  ],
  names: [
    [
      'of hosts',
      podWith({ hostnameOverride: 'a'.repeat(65) }),
      ['spec.hostnameOverride: Too long: may not be more than 64 bytes'],
    ],
    [
      'of hosts that are said twice',
      podWith({ hostnameOverride: 'a.b', setHostnameAsFQDN: true, hostNetwork: true }),
      [
        'spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true',
        'spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true',
      ],
    ],
    [
      'of no host',
      podWith({ hostnameOverride: '' }),
      [`spec.hostnameOverride: Invalid value: "": ${SUBDOMAIN}`],
    ],
    [
      'of domains to search',
      podWith({ dnsConfig: { searches: ['_sip._tcp.abc_d.example.com', '.', '__a.b'] } }),
      [
        "spec.dnsConfig.searches[2]: Invalid value: \"__a.b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')",
      ],
    ],
  ],
})

describe('taken', () => {
  const accepted: [title: string, body: object][] = [
    ['any name of a scheduler', podWith({ schedulerName: 'Not_Valid!' })],
    [
      'any topology to spread over',
      podWith({ topologySpreadConstraints: [{ ...spread, labelSelector, topologyKey: 'a/b/c' }] }),
    ],
    [
      'an empty profile',
      containerWith({
        securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: '' } },
      }),
    ],
    ['no huge pages', containerWith({ resources: { limits: { cpu: '1', 'hugepages-2Mi': '0' } } })],
    [
      'preferred labels that no node can have',
      podWith({
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 1,
                preference: { matchExpressions: [{ key: 'a', operator: 'In', values: ['-a'] }] },
              },
            ],
          },
        },
      }),
    ],
    ['files of variables', containerWith({ env: fromFile('files') }, { volumes: files })],
    [
      'users of Windows',
      podWith({ securityContext: { windowsOptions: { runAsUserName: 'NT AUTHORITY\\user' } } }),
    ],
  ]
  for (const [title, body] of accepted)
    test(title, () => assert.deepEqual(problemsOf(pod, { ...body }), []))
})
