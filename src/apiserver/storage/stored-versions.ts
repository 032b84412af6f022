import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'

/** Where upstream v1.36 stores an older version than the one that is worked with here, so that it can be downgraded. */
export const STORED_VERSIONS: Readonly<Record<string, string>> = {
  mutatingadmissionpolicies: 'admissionregistration.k8s.io/v1beta1',
  mutatingadmissionpolicybindings: 'admissionregistration.k8s.io/v1beta1',
}

/** The apiVersion in which upstream would store objects of the kind. */
export function storedVersionOf(kind: AnyKind): string {
  if (kind.custom) return `${kind.group}/${kind.custom.storageVersion}`
  // Which upstream still says, though it writes another.
  if (kind.plural === 'customresourcedefinitions') return 'apiextensions.k8s.io/v1beta1'
  return STORED_VERSIONS[kind.plural] ?? apiVersionOf(kind.storedAs?.kind ?? kind)
}
