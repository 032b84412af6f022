import { type ObjectOfShape, objectShape } from '../../../machinery/kind.ts'
import { boolean, int64, string, time } from '../../../machinery/schema.ts'

export const podLogOptionsShape = objectShape(
  'io.k8s.api.core.v1.PodLogOptions',
  "What to show of a container's log.",
  {
    container: string(1).doc('The container; may be left out if there is only one.'),
    follow: boolean(2).doc('Whether to go on with what is written later.'),
    previous: boolean(3).doc('Whether to show the container before its last restart.'),
    sinceSeconds: int64(4).optional().doc('How far back to begin.'),
    sinceTime: time(5).optional().doc('From when to begin; instead of sinceSeconds.'),
    timestamps: boolean(6).doc('Whether each line begins with its time.'),
    tailLines: int64(7).optional().doc('How many lines from the end.'),
    limitBytes: int64(8).optional().doc('How many bytes at most.'),
    insecureSkipTLSVerifyBackend: boolean(9).doc(
      'Whether to trust any certificate of the kubelet.',
    ),
    stream: string(10).optional().doc('All, Stdout or Stderr.'),
  },
)
export type PodLogOptions = ObjectOfShape<typeof podLogOptionsShape>
