/** Images are pulled for every pod anew: whoever may not have an image must not find it on a node where somebody else used it. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { AdmissionStep } from '../admission.ts'
import { asPod, concernsPods } from '../requests.ts'

export const alwaysPullImages: AdmissionStep = {
  name: 'AlwaysPullImages',
  resources: ['pods'],
  mutate(request, draft) {
    const { oldObject } = request
    if (!concernsPods(request) || (oldObject && !hasNewImages(asPod(draft), asPod(oldObject))))
      return
    const { spec } = asPod(draft)
    for (const list of LISTS)
      for (const container of spec[list] ?? []) container.imagePullPolicy = 'Always'
    for (const { image } of spec.volumes ?? []) if (image) image.pullPolicy = 'Always'
  },
}

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const

function hasNewImages(next: Pod, previous: Pod): boolean {
  const images = ({ spec }: Pod) => [
    ...LISTS.flatMap(list => (spec[list] ?? []).map(({ image }) => image)),
    ...(spec.volumes ?? []).flatMap(({ image }) => image?.reference ?? []),
  ]
  const known = new Set(images(previous))
  return images(next).some(image => !known.has(image))
}
