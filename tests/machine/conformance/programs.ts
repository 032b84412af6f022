/**
 * Upstream's programs: its suite, the runner of the suite, and what goes into the test images. Given by the environment, found in the
 * cache, or built there with Go from the published module, which takes minutes and is done once.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '#base/errors.ts'

export const KUBERNETES_VERSION = 'v1.36.3'
/** Modules that are published from the same tree, with a number of their own. */
const STAGING_VERSION = KUBERNETES_VERSION.replace(/^v1/, 'v0')

const STAGING =
  'api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap code-generator ' +
  'component-base component-helpers controller-manager cri-api cri-client cri-streaming csi-translation-lib ' +
  'dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator kube-controller-manager kube-proxy kube-scheduler ' +
  'kubectl kubelet metrics mount-utils pod-security-admission sample-apiserver streaming'

interface Program {
  /** The environment variable that may name it, as envtest names other programs. */
  readonly variable: string
  /** Words for `go`, which end with the package. */
  readonly build: readonly string[]
  /** Runs in an image, where no library of this machine is. */
  readonly isStatic: boolean
}

const VERSION_FLAG = `-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=${KUBERNETES_VERSION}`

export const PROGRAMS = {
  'e2e.test': {
    variable: 'TEST_ASSET_E2E',
    build: ['test', '-c', VERSION_FLAG, 'k8s.io/kubernetes/test/e2e'],
    isStatic: false,
  },
  ginkgo: {
    variable: 'TEST_ASSET_GINKGO',
    build: ['build', 'github.com/onsi/ginkgo/v2/ginkgo'],
    isStatic: false,
  },
  agnhost: {
    variable: 'TEST_ASSET_AGNHOST',
    build: ['build', '-ldflags=-s -w', 'k8s.io/kubernetes/test/images/agnhost'],
    isStatic: true,
  },
  'sample-apiserver': {
    variable: 'TEST_ASSET_SAMPLE_APISERVER',
    build: ['build', '-ldflags=-s -w', 'k8s.io/sample-apiserver'],
    isStatic: true,
  },
} as const satisfies Record<string, Program>

export type ProgramName = keyof typeof PROGRAMS

const programDirectory = (cache: string) => join(cache, KUBERNETES_VERSION, 'bin')

/** Where it is, given or built before; undefined where it is not. */
export function findProgram(name: ProgramName, cache: string): string | undefined {
  const given = process.env[PROGRAMS[name].variable]
  return [given, join(programDirectory(cache), name)].find(isProgram)
}

/** Why the suite cannot run here as it is, or undefined. */
export function suiteMissing(cache: string): string | undefined {
  const missing = (['e2e.test', 'ginkgo'] as const).find(name => !findProgram(name, cache))
  return missing === undefined
    ? undefined
    : `upstream's ${missing} is not here; ${PROGRAMS[missing].variable} may name one, and "npm run conformance -- --prepare" builds it`
}

/** Where it is; builds it first where it is not. Throws a UserError where that fails. */
export function ensureProgram(
  name: ProgramName,
  cache: string,
  tell: (line: string) => void,
): string {
  const found = findProgram(name, cache)
  if (found) return found
  const module = ensureModule(cache)
  const target = join(programDirectory(cache), name)
  mkdirSync(programDirectory(cache), { recursive: true })
  tell(`building ${name} of Kubernetes ${KUBERNETES_VERSION}`)
  const { build, isStatic } = PROGRAMS[name]
  const [verb = '', ...words] = build
  go(module, [verb, '-mod=mod', '-o', target, ...words], isStatic)
  return target
}

/** A module of our own that requires Kubernetes: a module's own replacements count only for itself, so they are said again. */
function ensureModule(cache: string): string {
  const directory = join(cache, KUBERNETES_VERSION, 'module')
  mkdirSync(directory, { recursive: true })
  const replaced = STAGING.split(' ').map(
    name => `replace k8s.io/${name} => k8s.io/${name} ${STAGING_VERSION}`,
  )
  const lines = [
    'module conformance',
    'go 1.26.0',
    `require k8s.io/kubernetes ${KUBERNETES_VERSION}`,
    `require k8s.io/sample-apiserver ${STAGING_VERSION}`,
    ...replaced,
  ]
  writeFileSync(join(directory, 'go.mod'), `${lines.join('\n')}\n`)
  return directory
}

function go(directory: string, words: readonly string[], isStatic: boolean): void {
  const environment = { ...process.env, ...(isStatic ? { CGO_ENABLED: '0' } : {}) }
  const { status, error } = spawnSync('go', words, {
    cwd: directory,
    env: environment,
    stdio: 'inherit',
  })
  if (error) throw new UserError(`go cannot be run (${error.message}); it builds upstream's suite`)
  if (status !== 0) throw new UserError(`go ${words[0]} ended with ${status}`)
}

function isProgram(path: string | undefined): path is string {
  try {
    accessSync(path ?? '', constants.X_OK)
    return true
  } catch {
    return false
  }
}
