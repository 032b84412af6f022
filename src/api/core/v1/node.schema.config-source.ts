import { shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

export const configMapNodeConfigSource = shape(
  'io.k8s.api.core.v1.ConfigMapNodeConfigSource',
  "Names a ConfigMap with a kubelet's configuration. No longer used.",
  {
    namespace: string(1).required().doc('Namespace of the ConfigMap.'),
    name: string(2).required().doc('Name of the ConfigMap.'),
    uid: string(3).doc('UID of the ConfigMap, known only in status.'),
    resourceVersion: string(4).doc('Revision of the ConfigMap, known only in status.'),
    kubeletConfigKey: string(5).required().doc('The key under which the configuration stands.'),
  },
)
export type ConfigMapNodeConfigSource = ValueOfShape<typeof configMapNodeConfigSource>

export const nodeConfigSource = shape(
  'io.k8s.api.core.v1.NodeConfigSource',
  "Names the source of a kubelet's configuration. No longer used.",
  {
    configMap: struct(2, configMapNodeConfigSource)
      .optional()
      .doc('The ConfigMap that held the configuration.'),
  },
)
export type NodeConfigSource = ValueOfShape<typeof nodeConfigSource>
