import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  required,
} from '../../../machinery/field-error.ts'
import { isDns1123Label, isInRange } from '../../../machinery/names.ts'
import { compareQuantities } from '../../../machinery/quantity.ts'
import { needed } from '../validation.ts'
import { noDotDot, validateCommonSource } from '../validation.volume-sources.ts'
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  VolumeProjection,
} from './schema.volumes.projected.ts'
import type { Volume, VolumeSource } from './schema.volumes.ts'
import {
  validateFieldRef,
  validateResourceFieldRef,
  volumeFields,
} from './validation.environment.ts'

const LARGEST_MODE = 0o777
const LEAST_TOKEN_SECONDS = 10 * 60
/** In the order in which they are judged: of several the first is, and the others are forbidden. */
const SOURCES =
  `emptyDir hostPath gitRepo gcePersistentDisk awsElasticBlockStore secret nfs iscsi glusterfs flocker persistentVolumeClaim rbd cinder cephfs quobyte downwardAPI
  fc flexVolume configMap azureFile vsphereVolume photonPersistentDisk portworxVolume azureDisk storageos projected scaleIO csi ephemeral image`.split(
    /\s+/,
  ) as (keyof VolumeSource)[]
/** Upstream spells them so here alone. */
const SPELLED: Partial<Record<keyof VolumeSource, string>> = {
  cephfs: 'cephFS',
  downwardAPI: 'downwarAPI',
}

/** The sources of pods alone that are nothing without these fields. */
const neededFields: Partial<Record<keyof VolumeSource, readonly string[]>> = {
  gitRepo: ['repository'],
  secret: ['secretName'],
  persistentVolumeClaim: ['claimName'],
  configMap: ['name'],
  csi: ['driver'],
  ephemeral: ['volumeClaimTemplate'],
  image: ['reference'],
}

/** `sound` are the volumes in which nothing is wrong. */
export function validateVolumes(
  path: string,
  volumes: readonly Volume[],
): { readonly errors: readonly FieldError[]; readonly sound: readonly Volume[] } {
  const sound = new Map<string, Volume>()
  const errors: FieldError[] = []
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`
    const { name } = volume
    const found = [...validateSource(at, volume), ...needed(`${at}.name`, name, isDns1123Label)]
    if (sound.has(name)) found.push(duplicate(`${at}.name`, name))
    if (found.length === 0) sound.set(name, volume)
    for (const error of found) errors.push(error)
  }
  return { errors, sound: [...sound.values()] }
}

function validateSource(path: string, volume: Volume): readonly FieldError[] {
  const [first, ...others] = SOURCES.filter(name => volume[name])
  if (!first) return [required(path, 'must specify a volume type')]
  const errors: FieldError[] = []
  const source = volume[first] as Record<string, unknown>
  for (const field of neededFields[first] ?? []) {
    const value = source[field]
    if (!value || (Array.isArray(value) && value.length === 0))
      errors.push(required(`${path}.${first}.${field}`))
  }
  // Upstream knows this one by its older name here.
  const judged = first === 'gcePersistentDisk' ? 'persistentDisk' : first
  errors.push(...validateCommonSource(`${path}.${judged}`, first, source))
  const { emptyDir, secret, configMap, downwardAPI, projected } = {
    [first]: source,
  } as VolumeSource
  if (emptyDir?.sizeLimit && compareQuantities(emptyDir.sizeLimit, '0') < 0)
    errors.push(
      forbidden(`${path}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity'),
    )
  if (secret) errors.push(...validateFiles(`${path}.secret`, secret))
  if (configMap) errors.push(...validateFiles(`${path}.configMap`, configMap))
  if (downwardAPI)
    errors.push(
      ...validateMode(`${path}.downwardAPI.defaultMode`, downwardAPI.defaultMode),
      ...validateDownwardFiles(`${path}.downwardAPI.items`, downwardAPI.items ?? []),
    )
  if (projected) errors.push(...validateProjected(`${path}.projected`, projected))
  for (const name of others)
    errors.push(
      forbidden(`${path}.${SPELLED[name] ?? name}`, 'may not specify more than 1 volume type'),
    )
  return errors
}

function validateFiles(
  path: string,
  { items = [], defaultMode }: { items?: KeyToPath[]; defaultMode?: number },
): FieldError[] {
  return [
    ...validateMode(`${path}.defaultMode`, defaultMode),
    ...items.flatMap(({ key, path: file, mode }, index) => [
      ...needed(`${path}.items[${index}].key`, key),
      ...validateFilePath(`${path}.items[${index}].path`, file),
      ...validateMode(`${path}.items[${index}].mode`, mode),
    ]),
  ]
}

function validateDownwardFiles(
  path: string,
  files: readonly DownwardAPIVolumeFile[],
): FieldError[] {
  return files.flatMap((file, index) => {
    const at = `${path}[${index}]`
    const errors = [
      ...validateFilePath(`${at}.path`, file.path),
      ...validateMode(`${at}.mode`, file.mode),
    ]
    const { fieldRef, resourceFieldRef } = file
    if (fieldRef) {
      errors.push(...validateFieldRef(`${at}.fieldRef`, fieldRef, volumeFields))
      if (resourceFieldRef)
        errors.push(
          invalid(
            at,
            'resource',
            'fieldRef and resourceFieldRef can not be specified simultaneously',
          ),
        )
    } else if (resourceFieldRef) {
      if (!resourceFieldRef.containerName)
        errors.push(required(`${at}.resourceFieldRef.containerName`))
      errors.push(...validateResourceFieldRef(`${at}.resourceFieldRef`, resourceFieldRef))
    } else errors.push(required(at, 'one of fieldRef and resourceFieldRef is required'))
    return errors
  })
}

function validateProjected(
  path: string,
  { sources, defaultMode }: ProjectedVolumeSource,
): FieldError[] {
  const errors = validateMode(`${path}.defaultMode`, defaultMode)
  const files = new Set<string>()
  for (const [index, source] of sources.entries()) {
    const at = `${path}.sources[${index}]`
    errors.push(...validateProjection(at, source))
    const { serviceAccountToken: token } = source
    // As upstream, the field is named without its place, and the file is in nobody's way.
    if (token) errors.push(...validateFilePath(`${path}.path`, token.path))
    for (const { file, shown } of filesOf(source)) {
      if (files.has(file)) errors.push(invalid(path, shown, 'conflicting duplicate paths'))
      files.add(file)
    }
    if (PROJECTIONS.filter(name => source[name]).length > 1)
      errors.push(forbidden(at, 'may not specify more than 1 volume type per source'))
  }
  return errors
}

const PROJECTIONS = [
  'secret',
  'downwardAPI',
  'configMap',
  'serviceAccountToken',
  'clusterTrustBundle',
  'podCertificate',
] as const

function validateProjection(path: string, source: VolumeProjection): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken: token } = source
  const errors: FieldError[] = []
  if (secret)
    errors.push(
      ...needed(`${path}.secret.name`, secret.name),
      ...validateFiles(`${path}.secret`, secret),
    )
  if (configMap)
    errors.push(
      ...needed(`${path}.configMap.name`, configMap.name),
      ...validateFiles(`${path}.configMap`, configMap),
    )
  if (downwardAPI)
    errors.push(...validateDownwardFiles(`${path}.downwardAPI.items`, downwardAPI.items ?? []))
  if (token) {
    const field = `${path}.serviceAccountToken`
    const seconds = token.expirationSeconds ?? 0
    if (seconds < LEAST_TOKEN_SECONDS)
      errors.push(
        invalid(
          `${field}.expirationSeconds`,
          seconds,
          'may not specify a duration less than 10 minutes',
        ),
      )
    if (seconds > 2 ** 32)
      errors.push(
        invalid(
          `${field}.expirationSeconds`,
          seconds,
          'may not specify a duration larger than 2^32 seconds',
        ),
      )
  }
  if (source.clusterTrustBundle)
    errors.push(
      ...validateFilePath(`${path}.clusterTrustBundle.path`, source.clusterTrustBundle.path),
    )
  return errors
}

/** Of files from secrets and config maps upstream shows the name of these where they are in each other's way. */
function filesOf(source: VolumeProjection): { readonly file: string; readonly shown: string }[] {
  const { secret, configMap, downwardAPI, clusterTrustBundle } = source
  const named = [secret, configMap].flatMap(of =>
    (of?.items ?? []).map(({ path }) => ({ file: path, shown: of?.name ?? '' })),
  )
  const others = [
    ...(downwardAPI?.items ?? []),
    ...(clusterTrustBundle ? [clusterTrustBundle] : []),
  ].map(({ path }) => ({ file: path, shown: path }))
  return [...named, ...others]
}

function validateMode(field: string, mode: number | undefined): FieldError[] {
  return mode === undefined || isInRange(mode, 0, LARGEST_MODE).length === 0
    ? []
    : [invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
}

/** A file inside the volume, which may not reach out of it. */
function validateFilePath(field: string, path: string): readonly FieldError[] {
  if (!path) return [required(field)]
  const errors = [...noDotDot(field, path)]
  if (path.startsWith('/')) errors.unshift(invalid(field, path, 'must be a relative path'))
  if (path.startsWith('..') && errors.length === 0)
    errors.push(invalid(field, path, "must not start with '..'"))
  return errors
}
