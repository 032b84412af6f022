/** Ingresses that name no class get the default one, if there is one. */
import { INGRESS_CLASS_ANNOTATION, type Ingress } from '#api/networking/v1/ingress.ts'
import { DEFAULT_CLASS_ANNOTATION, type IngressClass } from '#api/networking/v1/ingress-class.ts'
import type { AdmissionStep } from './admission.ts'
import { concerns } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

export function defaultIngressClass(world: Pick<AdmissionWorld, 'ingressClasses'>): AdmissionStep {
  return {
    name: 'DefaultIngressClass',
    resources: ['ingresses.networking.k8s.io'],
    mutate(request, draft) {
      if (request.operation !== 'CREATE' || request.subresource !== '') return
      if (!concerns(request, 'networking.k8s.io', 'ingresses')) return
      const { metadata, spec } = draft as Ingress
      if (spec.ingressClassName !== undefined) return
      if (metadata.annotations?.[INGRESS_CLASS_ANNOTATION] !== undefined) return
      const name = newest(world.ingressClasses().filter(isDefault))?.metadata.name
      if (name) spec.ingressClassName = name
    },
  }
}

const isDefault = ({ metadata }: IngressClass) =>
  metadata.annotations?.[DEFAULT_CLASS_ANNOTATION] === 'true'

/** Where several are the default, the newest is, and the first by name of those of one second. */
function newest(classes: readonly IngressClass[]): IngressClass | undefined {
  const made = ({ metadata }: IngressClass) => Date.parse(metadata.creationTimestamp ?? '') || 0
  const name = ({ metadata }: IngressClass) => metadata.name ?? ''
  return [...classes].sort((a, b) => made(b) - made(a) || (name(a) < name(b) ? -1 : 1))[0]
}
