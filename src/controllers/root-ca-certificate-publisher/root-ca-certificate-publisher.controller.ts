/** Puts the cluster's CA certificate into every namespace, where pods mount it to trust the API server. */
import { type ConfigMap, configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { perNamespace } from '../runner/per-namespace.ts'
import { countPublishing } from './root-ca-certificate-publisher.figures.ts'

const NAME = 'kube-root-ca.crt'
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

/** `certificateAuthority` is the PEM text. */
export function rootCaCertificatePublisherController(
  context: ControllerContext,
  certificateAuthority: string,
): Controller {
  const data = { 'ca.crt': certificateAuthority }
  const controller = perNamespace({
    name: 'root-ca-certificate-publisher-controller',
    namespaces: context.informers.for(namespace),
    kind: configMap,
    informer: context.informers.for(configMap),
    objectName: NAME,
    wanted: namespaceName => ({
      metadata: {
        name: NAME,
        namespace: namespaceName,
        annotations: { 'kubernetes.io/description': DESCRIPTION },
      },
      data,
    }),
    repaired: (found: ConfigMap) =>
      found.data?.['ca.crt'] === certificateAuthority && Object.keys(found.data).length === 1
        ? undefined
        : { ...found, data },
  })
  return { ...controller, counted: countPublishing(context.figures) }
}
