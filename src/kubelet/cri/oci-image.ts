/** An image as an archive in the OCI layout, made in memory, ready to be imported. */
import { createHash } from 'node:crypto'
import { type TarEntry, tarOf } from './tar.ts'

export interface ImageSource {
  /** With its tag: `proa.local/pause:1`. */
  readonly name: string
  readonly architecture: 'amd64' | 'arm64'
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env?: readonly string[]
  readonly files: readonly TarEntry[]
}

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const

/** One layer, one platform. The same source always gives the same bytes, so the same digests. */
export function imageTarball(source: ImageSource): Buffer {
  const layer = tarOf(source.files)
  const config = json({
    architecture: source.architecture,
    os: 'linux',
    config: {
      ...(source.entrypoint && { Entrypoint: source.entrypoint }),
      ...(source.command && { Cmd: source.command }),
      Env: source.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    },
    rootfs: { type: 'layers', diff_ids: [digest(layer)] },
    history: [{ created_by: 'proa' }],
  })
  const manifest = json({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptor(types.config, config),
    layers: [descriptor(types.layer, layer)],
  })
  const index = json({
    schemaVersion: 2,
    mediaType: types.index,
    manifests: [
      {
        ...descriptor(types.manifest, manifest),
        platform: { architecture: source.architecture, os: 'linux' },
        annotations: {
          'io.containerd.image.name': source.name,
          'org.opencontainers.image.ref.name': source.name.slice(source.name.lastIndexOf(':') + 1),
        },
      },
    ],
  })
  return tarOf([
    file('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    file('index.json', index),
    { path: 'blobs', kind: 'directory', mode: 0o755 },
    { path: 'blobs/sha256', kind: 'directory', mode: 0o755 },
    ...[layer, config, manifest].map(blob => file(`blobs/sha256/${hash(blob)}`, blob)),
  ])
}

function file(path: string, bytes: Uint8Array): TarEntry {
  return { path, kind: 'file', mode: 0o644, bytes }
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function digest(bytes: Uint8Array): string {
  return `sha256:${hash(bytes)}`
}

function descriptor(mediaType: string, bytes: Uint8Array) {
  return { mediaType, digest: digest(bytes), size: bytes.length }
}
