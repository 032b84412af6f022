/** Publishes by which certificates the API server is known, where pods can mount them: one bundle of a signer of its own. */
import { createHash } from 'node:crypto'
import { clusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import type { Controller, ControllerContext, Write } from '../runner/controller.ts'

const SIGNER = 'kubernetes.io/kube-apiserver-serving'
/** Names of bundles of a signer begin with it; the rest tells the content, so that a new one stands beside the old at first. */
const HASH_BYTES = 12

/** `certificateAuthority` is the PEM text. */
export function trustBundlePublisherController(
  context: ControllerContext,
  certificateAuthority: string,
): Controller {
  const kind = clusterTrustBundle
  const bundles = context.informers.for(kind, { fieldSelector: `spec.signerName=${SIGNER}` })
  const hash = createHash('sha256').update(certificateAuthority).digest()
  const name = `${SIGNER.replace('/', ':')}:${hash.toString('hex', 0, HASH_BYTES)}`
  const spec = { signerName: SIGNER, trustBundle: certificateAuthority }
  return {
    name: 'kube-apiserver-serving-clustertrustbundle-publisher-controller',
    workers: 1,
    views: [{ kind, informer: bundles }],
    wake(queue) {
      const wake = () => queue.add(name)
      queue.onStop(bundles.subscribe({ changed: wake, deleted: wake }))
      wake()
    },
    reconcile() {
      const found = bundles.get(name)
      const writes: Write[] = []
      if (!found) writes.push({ verb: 'create', kind, object: { metadata: { name }, spec } })
      else if (found.spec.trustBundle !== certificateAuthority)
        writes.push({ verb: 'update', kind, object: { ...found, spec } })
      for (const object of bundles.list())
        if (object.metadata.name !== name) writes.push({ verb: 'delete', kind, object })
      return { writes }
    },
  }
}
