import { validateInlineVolume } from '../../core/v1/persistent-volume.validation.ts'
import { wrong } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  required,
  tooLong,
} from '../../machinery/field-error.ts'
import { immutableStruct } from '../../machinery/go-shown.ts'
import { isDns1123Subdomain, utf8Length } from '../../machinery/names.ts'
import type { ObjectShape } from '../../machinery/schema.ts'
import { bytesOf, validateDriverName } from './validation.ts'
import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from './volume-attachment.ts'

const MAXIMUM_METADATA_BYTES = 256 * 1024
const MAXIMUM_MESSAGE_BYTES = 1024
const LARGEST_INT32 = 2 ** 31 - 1
const JUST_ONE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'

export function validateVolumeAttachment({ spec }: VolumeAttachment): readonly FieldError[] {
  const { attacher, source, nodeName } = spec
  return [
    ...(attacher ? [] : [required('spec.attacher')]),
    ...validateSource('spec.source', source),
    ...wrong('spec.nodeName', nodeName, isDns1123Subdomain(nodeName)),
  ]
}

export function validateNewAttachment({ spec }: VolumeAttachment): readonly FieldError[] {
  const { persistentVolumeName: name } = spec.source
  return [
    ...(spec.attacher ? validateDriverName('spec.attacher', spec.attacher) : []),
    ...(name === undefined
      ? []
      : wrong('spec.source.persistentVolumeName', name, isDns1123Subdomain(name))),
  ]
}

export function validateVolumeAttachmentUpdate(
  next: VolumeAttachment,
  previous: VolumeAttachment,
  specShape: ObjectShape,
): readonly FieldError[] {
  return [
    ...validateNewAttachment(next),
    ...immutableStruct('spec', specShape, next.spec, previous.spec),
  ]
}

export function validateVolumeAttachmentStatus({ status }: VolumeAttachment): FieldError[] {
  const { attachmentMetadata, attachError, detachError } = status
  const errors: FieldError[] =
    bytesOf(attachmentMetadata) > MAXIMUM_METADATA_BYTES
      ? [tooLong('status.attachmentMetadata', MAXIMUM_METADATA_BYTES)]
      : []
  return [
    ...errors,
    ...validateError('status.attachError', attachError),
    ...validateError('status.detachError', detachError),
  ]
}

function validateSource(path: string, source: VolumeAttachmentSource): readonly FieldError[] {
  const { persistentVolumeName: name, inlineVolumeSpec: inline } = source
  if (inline && name !== undefined) return [forbidden(path, JUST_ONE)]
  if (inline) return validateInlineVolume(`${path}.inlineVolumeSpec`, inline)
  if (name === undefined) return [required(path, JUST_ONE)]
  const why = 'must specify non empty persistentVolumeName'
  return name === '' ? [required(`${path}.persistentVolumeName`, why)] : []
}

function validateError(path: string, error: VolumeError | undefined): FieldError[] {
  const { message = '', errorCode: code = 0 } = error ?? {}
  const errors: FieldError[] = []
  // The limit that upstream reports is not the one that it checks.
  if (utf8Length(message) > MAXIMUM_MESSAGE_BYTES)
    errors.push(tooLong(`${path}.message`, MAXIMUM_METADATA_BYTES))
  if (code < 0)
    errors.push(
      invalid(`${path}.errorCode`, code, `must be between 0 and ${LARGEST_INT32}, inclusive`),
    )
  return errors
}
