import { pullPolicyOf } from './image.ts'
import type { DownwardAPIVolumeFile } from './schema.volumes.projected.ts'
import type { Volume, VolumeSource } from './schema.volumes.ts'
import { volumeSource } from './schema.volumes.ts'

/** rw-r--r--: what files of secrets, config maps and the like get unless their volume says otherwise. */
const FILE_MODE = 0o644
const TOKEN_EXPIRATION_SECONDS = 60 * 60

const sources = Object.keys(volumeSource.fields) as (keyof VolumeSource)[]

export function defaultVolume(volume: Volume): void {
  if (!sources.some(source => volume[source])) volume.emptyDir = {}
  if (volume.secret) volume.secret.defaultMode ??= FILE_MODE
  if (volume.configMap) volume.configMap.defaultMode ??= FILE_MODE
  if (volume.hostPath) volume.hostPath.type ??= ''
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= FILE_MODE
    defaultDownwardFiles(volume.downwardAPI.items)
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= FILE_MODE
    for (const source of volume.projected.sources) {
      if (source.serviceAccountToken)
        source.serviceAccountToken.expirationSeconds ??= TOKEN_EXPIRATION_SECONDS
      defaultDownwardFiles(source.downwardAPI?.items)
    }
  }
  if (volume.image) volume.image.pullPolicy ||= pullPolicyOf(volume.image.reference ?? '')
}

function defaultDownwardFiles(files: readonly DownwardAPIVolumeFile[] = []): void {
  for (const file of files) if (file.fieldRef) file.fieldRef.apiVersion ||= 'v1'
}
