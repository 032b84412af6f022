/** Pods stay for five minutes on a node that is not ready or not heard of, unless they, or a flag, say otherwise. */
import type { AdmissionStep } from './admission.ts'
import { asPod, concernsPods } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

export interface TolerationSeconds {
  readonly notReady: number
  readonly unreachable: number
}

const DEFAULT: TolerationSeconds = { notReady: 300, unreachable: 300 }

export function defaultTolerationSeconds({
  tolerationSeconds: seconds = DEFAULT,
}: Pick<AdmissionWorld, 'tolerationSeconds'>): AdmissionStep {
  const taints = [
    ['node.kubernetes.io/not-ready', seconds.notReady],
    ['node.kubernetes.io/unreachable', seconds.unreachable],
  ] as const
  return {
    name: 'DefaultTolerationSeconds',
    resources: ['pods'],
    mutate(request, draft) {
      if (!concernsPods(request)) return
      const { spec } = asPod(draft)
      // On updates tolerations may only be added; a pod that has them already is left as it is.
      const tolerated = (taint: string) =>
        spec.tolerations?.some(
          ({ key, effect }) => (!key || key === taint) && (!effect || effect === 'NoExecute'),
        )
      const missing = taints.filter(([taint]) => !tolerated(taint))
      if (missing.length === 0) return
      const added = missing.map(([key, tolerationSeconds]) => ({
        key,
        operator: 'Exists' as const,
        effect: 'NoExecute' as const,
        tolerationSeconds,
      }))
      // Not spread: what is kept of each pod would have room for seventeen.
      spec.tolerations = spec.tolerations?.concat(added) ?? added
    },
  }
}
