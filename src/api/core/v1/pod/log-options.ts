import { type ObjectOfShape, objectShape } from '../../../machinery/kind.ts'
import { boolean, int64, string, time } from '../../../machinery/schema.ts'

export const podLogOptionsShape = objectShape(
  'io.k8s.api.core.v1.PodLogOptions',
  'core.PodLogOptions',
  {
    container: string(1).doc('core.PodLogOptions.container'),
    follow: boolean(2).doc('core.PodLogOptions.follow'),
    previous: boolean(3).doc('core.PodLogOptions.previous'),
    sinceSeconds: int64(4).optional().doc('core.PodLogOptions.sinceSeconds'),
    sinceTime: time(5).optional().doc('core.PodLogOptions.sinceTime'),
    timestamps: boolean(6).doc('core.PodLogOptions.timestamps'),
    tailLines: int64(7).optional().doc('core.PodLogOptions.tailLines'),
    limitBytes: int64(8).optional().doc('core.PodLogOptions.limitBytes'),
    insecureSkipTLSVerifyBackend: boolean(9).doc('core.PodLogOptions.insecureSkipTLSVerifyBackend'),
    stream: string(10).optional().doc('core.PodLogOptions.stream'),
  },
)
export type PodLogOptions = ObjectOfShape<typeof podLogOptionsShape>
