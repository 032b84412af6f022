/** Devices, in all versions, and certificates. */

import { issueAuthority } from '#base/pki/certificate.ts'
import { encodedRequest, requestDer } from '#base/pki/testing.ts'
import { systemRandom } from '#host/random.ts'
import { condition, type Fixture, onlyMetadata, type Plain } from './fixture.ts'

const deviceClass: Fixture = {
  object: { spec: { selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }] } },
  change: { spec: { selectors: [{ cel: { expression: 'device.driver == "nic.example.com"' } }] } },
}
const exactly = { deviceClassName: 'gpu' }
const result = { request: 'a', driver: 'gpu.example.com', pool: 'pool', device: 'gpu0' }
const claim = (request: Plain): Fixture => ({
  object: { spec: { devices: { requests: [request] } } },
  change: onlyMetadata,
  status: { allocation: { devices: { results: [result] } } },
})
const template = (request: Plain): Fixture => ({
  object: { spec: { spec: { devices: { requests: [request] } } } },
  change: onlyMetadata,
})
const slice = (device: Plain): Fixture => ({
  object: {
    spec: {
      driver: 'gpu.example.com',
      pool: { name: 'pool', generation: 1, resourceSliceCount: 1 },
      nodeName: 'n1',
      devices: [device],
    },
  },
  change: { spec: { pool: { generation: 2 } } },
})
const taintRule: Fixture = {
  object: {
    spec: {
      deviceSelector: { driver: 'gpu.example.com' },
      taint: { key: 'example.com/broken', effect: 'NoSchedule' },
    },
  },
  change: { spec: { taint: { effect: 'NoExecute' } } },
  status: { conditions: [condition] },
}
const current = { request: { name: 'a', exactly }, device: { name: 'gpu0' } }
const first = { request: { name: 'a', ...exactly }, device: { name: 'gpu0', basic: {} } }

const failed = {
  type: 'Failed',
  status: 'True',
  reason: 'Tested',
  lastUpdateTime: condition.lastTransitionTime,
  lastTransitionTime: condition.lastTransitionTime,
}

const now = Date.now()
const authority = () =>
  issueAuthority('root', { notBefore: now, notAfter: now + 3_600_000 }, systemRandom).certificate
const [older, newer] = [authority(), authority()]
const bundle: Fixture = {
  object: { spec: { trustBundle: older } },
  change: { spec: { trustBundle: newer } },
}

export const deviceObjects: Readonly<Record<string, Fixture>> = {
  'resource.k8s.io/v1 DeviceClass': deviceClass,
  'resource.k8s.io/v1beta2 DeviceClass': deviceClass,
  'resource.k8s.io/v1beta1 DeviceClass': deviceClass,
  'resource.k8s.io/v1 ResourceClaim': claim(current.request),
  'resource.k8s.io/v1beta2 ResourceClaim': claim(current.request),
  'resource.k8s.io/v1beta1 ResourceClaim': claim(first.request),
  'resource.k8s.io/v1 ResourceClaimTemplate': template(current.request),
  'resource.k8s.io/v1beta2 ResourceClaimTemplate': template(current.request),
  'resource.k8s.io/v1beta1 ResourceClaimTemplate': template(first.request),
  'resource.k8s.io/v1 ResourceSlice': slice(current.device),
  'resource.k8s.io/v1beta2 ResourceSlice': slice(current.device),
  'resource.k8s.io/v1beta1 ResourceSlice': slice(first.device),
  'resource.k8s.io/v1beta2 DeviceTaintRule': taintRule,
  'resource.k8s.io/v1alpha3 DeviceTaintRule': taintRule,
  'resource.k8s.io/v1alpha3 ResourcePoolStatusRequest': {
    object: { spec: { driver: 'gpu.example.com' } },
    change: onlyMetadata,
    status: { poolCount: 0, conditions: [{ ...condition, type: 'Complete' }] },
  },
  'certificates.k8s.io/v1 CertificateSigningRequest': {
    object: {
      spec: { request: encodedRequest(), signerName: 'example.com/serving', usages: ['any'] },
    },
    change: onlyMetadata,
    status: { conditions: [failed] },
  },
  'certificates.k8s.io/v1beta1 ClusterTrustBundle': bundle,
  'certificates.k8s.io/v1alpha1 ClusterTrustBundle': bundle,
  'certificates.k8s.io/v1beta1 PodCertificateRequest': {
    object: {
      spec: {
        signerName: 'example.com/workload',
        podName: 'web',
        podUID: 'u1',
        serviceAccountName: 'default',
        serviceAccountUID: 'u2',
        nodeName: 'n1',
        nodeUID: 'u3',
        stubPKCS10Request: Buffer.from(requestDer()).toString('base64'),
      },
    },
    change: onlyMetadata,
    status: { conditions: [{ ...condition, type: 'Denied' }] },
  },
}
