/** What containers mount of the pod's volumes, and use of them as devices. */
import {
  type FieldError,
  forbidden,
  invalid,
  notFound,
  notSupported,
  required,
} from '../../../machinery/field-error.ts'
import { among } from '../validation.ts'
import { noDotDot } from '../validation.volume-sources.ts'
import type { Container, VolumeMount } from './schema.container.ts'
import type { Volume } from './schema.volumes.ts'

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']

export function validateMounts(
  path: string,
  container: Container,
  volumes: readonly Volume[],
): readonly FieldError[] {
  const mountPaths = new Set<string>()
  const devices = container.volumeDevices ?? []
  return (container.volumeMounts ?? []).flatMap((mount, index) => {
    const at = `${path}[${index}]`
    const errors: FieldError[] = []
    if (!mount.name) errors.push(required(`${at}.name`))
    if (!volumes.some(({ name }) => name === mount.name))
      errors.push(notFound(`${at}.name`, mount.name))
    if (!mount.mountPath) errors.push(required(`${at}.mountPath`))
    if (mountPaths.has(mount.mountPath))
      errors.push(invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'))
    mountPaths.add(mount.mountPath)
    if (devices.some(({ name }) => name === mount.name))
      errors.push(invalid(`${at}.name`, mount.name, 'must not already exist in volumeDevices'))
    if (devices.some(({ devicePath }) => devicePath === mount.mountPath))
      errors.push(
        invalid(
          `${at}.mountPath`,
          mount.mountPath,
          'must not already exist as a path in volumeDevices',
        ),
      )
    return [
      ...errors,
      ...validateSubPaths(path, at, mount),
      ...validatePropagation(path, mount, container.securityContext?.privileged ?? false),
      ...validateRecursion(`${path}.recursiveReadOnly`, mount),
    ]
  })
}

/** `list` is the path of all mounts, which is all that upstream says of what is wrong with one of these fields. */
function validateSubPaths(list: string, at: string, mount: VolumeMount): readonly FieldError[] {
  const { subPath, subPathExpr } = mount
  const errors: FieldError[] = []
  for (const [field, value] of Object.entries({ subPath, subPathExpr })) {
    if (!value) continue
    if (field === 'subPathExpr' && subPath)
      errors.push(
        invalid(`${at}.${field}`, value, 'subPathExpr and subPath are mutually exclusive'),
      )
    if (value.startsWith('/'))
      errors.push(invalid(`${list}.${field}`, value, 'must be a relative path'))
    errors.push(...noDotDot(`${list}.${field}`, value))
  }
  return errors
}

/** `path` is that of the list: upstream does not say of which mount. */
function validatePropagation(
  path: string,
  { mountPropagation }: VolumeMount,
  privileged: boolean,
): readonly FieldError[] {
  if (mountPropagation === undefined) return []
  const field = `${path}.mountPropagation`
  if (mountPropagation !== 'Bidirectional' || privileged)
    return among(field, mountPropagation, PROPAGATIONS)
  return [
    forbidden(field, 'Bidirectional mount propagation is available only to privileged containers'),
  ]
}

function validateRecursion(field: string, mount: VolumeMount): readonly FieldError[] {
  const { mountPropagation, recursiveReadOnly } = mount
  const errors: FieldError[] = []
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return errors
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible')
    errors.push(notSupported(field, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible']))
  else if (!mount.readOnly)
    errors.push(forbidden(field, 'may only be specified when readOnly is true'))
  else if (mountPropagation !== undefined && mountPropagation !== 'None')
    errors.push(
      forbidden(field, 'may only be specified when mountPropagation is None or not specified'),
    )
  return errors
}

export function validateDevices(
  path: string,
  container: Container,
  volumes: readonly Volume[],
): readonly FieldError[] {
  const [names, paths] = [new Set<string>(), new Set<string>()]
  const mounts = container.volumeMounts ?? []
  return (container.volumeDevices ?? []).flatMap(({ name, devicePath }, index) => {
    const at = `${path}[${index}]`
    const errors: FieldError[] = []
    const wrongName = (text: string) => errors.push(invalid(`${at}.name`, name, text))
    const wrongPath = (text: string) => errors.push(invalid(`${at}.devicePath`, devicePath, text))
    const volume = volumes.find(candidate => candidate.name === name)
    if (!name) errors.push(required(`${at}.name`))
    if (names.has(name)) wrongName('must be unique')
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral)
      wrongName(
        'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
      )
    if (!volume) errors.push(notFound(`${at}.name`, name))
    if (!devicePath) errors.push(required(`${at}.devicePath`))
    if (paths.has(devicePath)) wrongPath('must be unique')
    if (devicePath.split('/').includes('..')) wrongPath("can not contain backsteps ('..')")
    else paths.add(devicePath)
    if (mounts.some(mount => mount.name === name))
      wrongName('must not already exist in volumeMounts')
    if (mounts.some(({ mountPath }) => mountPath === devicePath))
      wrongPath('must not already exist as a path in volumeMounts')
    if (name) names.add(name)
    return errors
  })
}
