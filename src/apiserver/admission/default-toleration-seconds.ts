/** Pods stay for five minutes on a node that is not ready or not heard of, unless they say otherwise. */
import type { AdmissionStep } from './admission.ts'
import { asPod, concernsPods } from './requests.ts'

const TOLERATION_SECONDS = 300
const TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

export const defaultTolerationSeconds: AdmissionStep = {
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
    const missing = TAINTS.filter(taint => !tolerated(taint))
    if (missing.length === 0) return
    const added = missing.map(key => ({
      key,
      operator: 'Exists' as const,
      effect: 'NoExecute' as const,
      tolerationSeconds: TOLERATION_SECONDS,
    }))
    // Not spread: what is kept of each pod would have room for seventeen.
    spec.tolerations = spec.tolerations?.concat(added) ?? added
  },
}
