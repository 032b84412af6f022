/**
 * The test images, made of Debian's packages and upstream's agnhost, as one OCI image layout. They do what upstream's images of the same
 * names do as far as the suite asks for it; which tags it asks for, it says itself.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '#base/errors.ts'
import {
  agnhostLayer,
  busyboxLayer,
  debianLayer,
  etcdLayer,
  nginxLayer,
  pageLayer,
  sampleLayer,
  shellLayer,
} from './layers.ts'
import { ensureProgram, KUBERNETES_VERSION } from './programs.ts'
import { blobPath, type Descriptor, NAME_ANNOTATION } from './registry.ts'

/** What images can be made of; each layer is made once. */
const LAYERS = {
  debian: debianLayer,
  shell: shellLayer,
  agnhost: agnhostLayer,
  busybox: busyboxLayer,
  nginx: nginxLayer,
  etcd: etcdLayer,
  sample: sampleLayer,
  kitten: pageLayer('kitten'),
  nautilus: pageLayer('nautilus'),
}

interface Recipe {
  readonly layers: readonly (keyof typeof LAYERS)[]
  readonly config: Readonly<Record<string, unknown>>
}

const AGNHOST: Recipe['layers'] = ['debian', 'shell', 'agnhost']
const WEB = { Entrypoint: ['/agnhost'], Cmd: ['test-webserver'] }

/** By repository. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  'registry.k8s.io/e2e-test-images/agnhost': {
    layers: AGNHOST,
    config: { Entrypoint: ['/agnhost'], Cmd: ['pause'] },
  },
  'registry.k8s.io/e2e-test-images/busybox': { layers: ['busybox'], config: { Cmd: ['sh'] } },
  'registry.k8s.io/e2e-test-images/nginx': {
    layers: ['debian', 'nginx'],
    config: { Cmd: ['nginx'] },
  },
  'registry.k8s.io/e2e-test-images/nonroot': {
    layers: ['busybox'],
    config: { Cmd: ['id'], User: '1234' },
  },
  'registry.k8s.io/e2e-test-images/nonewprivs': {
    layers: AGNHOST,
    config: { Entrypoint: ['/agnhost', 'nonewprivs'] },
  },
  'registry.k8s.io/e2e-test-images/kitten': { layers: [...AGNHOST, 'kitten'], config: WEB },
  'registry.k8s.io/e2e-test-images/nautilus': { layers: [...AGNHOST, 'nautilus'], config: WEB },
  'registry.k8s.io/e2e-test-images/sample-apiserver': {
    layers: ['debian', 'sample'],
    config: { Entrypoint: ['/kube-sample-apiserver'] },
  },
  'registry.k8s.io/e2e-test-images/glibc-dns-testing': {
    layers: AGNHOST,
    config: { Cmd: ['sleep', 'infinity'] },
  },
  'registry.k8s.io/etcd': { layers: ['debian', 'etcd'], config: { Cmd: ['etcd'] } },
  'registry.k8s.io/pause': { layers: ['agnhost'], config: { Entrypoint: ['/agnhost', 'pause'] } },
}

const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Rises when a recipe or a layer is made otherwise, so that images in the cache are made again. */
const EDITION = 3

export interface Tools {
  readonly cache: string
  readonly tell: (line: string) => void
}

/** The layout's directory; made where it is not in the cache yet. */
export async function ensureImages({ cache, tell }: Tools): Promise<string> {
  const directory = join(cache, KUBERNETES_VERSION, `images-${EDITION}`)
  if (existsSync(join(directory, 'index.json'))) return directory
  const names = wantedImages(ensureProgram('e2e.test', cache, tell))
  const unfinished = `${directory}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(join(unfinished, 'blobs', 'sha256'), { recursive: true })
  const layers = new Map<string, Promise<Descriptor>>()
  const layer = (name: keyof typeof LAYERS) => {
    const making = layers.get(name) ?? makeLayer(name, unfinished, { cache, tell })
    layers.set(name, making)
    return making
  }
  const manifests: Descriptor[] = []
  for (const { name, recipe } of names) {
    const made: Descriptor[] = []
    for (const each of recipe.layers) made.push(await layer(each))
    manifests.push(image(unfinished, name, recipe, made))
  }
  writeFileSync(join(unfinished, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(
    join(unfinished, 'index.json'),
    json({ schemaVersion: 2, mediaType: MEDIA.index, manifests }),
  )
  renameSync(unfinished, directory)
  tell(`${manifests.length} images are in ${directory}`)
  return directory
}

/** Those images of the suite that we have a recipe for; the rest belongs to tests that no cluster has to pass. */
function wantedImages(e2e: string): { name: string; recipe: Recipe }[] {
  const { stdout, status } = spawnSync(e2e, ['--list-images'], { encoding: 'utf8' })
  if (status !== 0) throw new UserError(`${e2e} --list-images ended with ${status}`)
  return stdout.split('\n').flatMap(line => {
    const name = line.trim()
    const recipe = RECIPES[name.slice(0, name.lastIndexOf(':'))]
    return recipe ? [{ name, recipe }] : []
  })
}

async function makeLayer(
  name: keyof typeof LAYERS,
  layout: string,
  { cache, tell }: Tools,
): Promise<Descriptor> {
  tell(`making the layer ${name} of the test images`)
  const file = join(layout, `${name}.tar`)
  const program = (wanted: 'agnhost' | 'sample-apiserver') => ensureProgram(wanted, cache, tell)
  await LAYERS[name]({ file, cache, program })
  const { digest, size } = await measured(file)
  renameSync(file, blobPath(layout, digest))
  return { mediaType: MEDIA.layer, digest, size }
}

/** The name goes into the configuration, so that two images of the same layers are two. */
function image(layout: string, name: string, { config }: Recipe, layers: Descriptor[]): Descriptor {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const configured = blob(layout, MEDIA.config, {
    architecture,
    os: 'linux',
    config: { Env: [PATH], WorkingDir: '/', Labels: { name }, ...config },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  })
  const manifest = { schemaVersion: 2, mediaType: MEDIA.manifest, config: configured, layers }
  return {
    ...blob(layout, MEDIA.manifest, manifest),
    annotations: { [NAME_ANNOTATION]: name },
  }
}

function blob(layout: string, mediaType: string, content: object): Descriptor {
  const bytes = Buffer.from(json(content))
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  writeFileSync(blobPath(layout, digest), bytes)
  return { mediaType, digest, size: bytes.length }
}

const json = (value: object) => JSON.stringify(value)

async function measured(file: string): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const part of createReadStream(file)) {
    hash.update(part)
    size += part.length
  }
  return { digest: `sha256:${hash.digest('hex')}`, size }
}
