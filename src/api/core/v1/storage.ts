/** What volumes and claims have in common: access modes, classes, and the rules for them. */
import { type FieldError, forbidden, notSupported } from '../../machinery/field-error.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import { isDns1123Subdomain } from '../../machinery/names.ts'
import { given } from './validation.ts'

/** Named the class before there was a field for it; still understood, and before the field. */
export const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class'

const ABBREVIATIONS = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
} as const
const ACCESS_MODES = Object.keys(ABBREVIATIONS).toSorted()
const VOLUME_MODES = ['Block', 'Filesystem']

/** `RWO,RWX`, as tables show them. */
export function accessModesText(modes: readonly string[] = []): string {
  return Object.entries(ABBREVIATIONS)
    .filter(([mode]) => modes.includes(mode))
    .map(([, abbreviation]) => abbreviation)
    .join(',')
}

export function classOf(
  object: KubernetesObject & { spec: { storageClassName?: string } },
): string {
  return object.metadata.annotations?.[CLASS_ANNOTATION] ?? object.spec.storageClassName ?? ''
}

export function classAnnotationWarnings({ metadata }: KubernetesObject): string[] {
  return metadata.annotations?.[CLASS_ANNOTATION] === undefined
    ? []
    : [
        `metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`,
      ]
}

export function validateAccessModes(field: string, modes: readonly string[]): FieldError[] {
  const errors: FieldError[] = modes
    .filter(mode => !ACCESS_MODES.includes(mode))
    .map(mode => notSupported(field, mode, ACCESS_MODES))
  const isForOnePod = modes.includes('ReadWriteOncePod')
  if (isForOnePod && modes.some(mode => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode)))
    errors.push(forbidden(field, 'may not use ReadWriteOncePod with other access modes'))
  return errors
}

export function validateClassName(field: string, name: string | undefined): readonly FieldError[] {
  return given(field, name, isDns1123Subdomain)
}

export function validateVolumeMode(field: string, mode: string | undefined): readonly FieldError[] {
  return mode === undefined || VOLUME_MODES.includes(mode)
    ? []
    : [notSupported(field, mode, VOLUME_MODES)]
}
