/** A node with one CSI driver whose answers a test decides, for tests of its volumes. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { csiDriver } from '#api/storage/v1/csi-driver.ts'
import { volumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { createFigureBook } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import type { Informers } from '#client/informer.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { machineFiles } from '#host/machine/files.ts'
import type { Pod, Volume } from '../../../pod-types.ts'
import { storageOperations } from '../../storage-figures.ts'
import { CsiError } from '../csi-error.ts'
import { type Claimed, claimedMount } from '../csi-mount.ts'
import { CsiVolumes } from '../csi-volumes.ts'
import type { CsiDriver } from '../drivers.ts'
import { nodeCapability } from '../messages.ts'
import type { CsiNodeService } from '../node-service.ts'

export const ALL: ReadonlySet<number> = new Set(Object.values(nodeCapability))
export const UNIQUE = 'kubernetes.io/csi/d^h'

/** Files that tell how many calls are under way. */
let underWay = 0
export const countedFiles = new Proxy(machineFiles, {
  get(target, name) {
    const call = target[name as keyof typeof target] as (...words: unknown[]) => Promise<unknown>
    return async (...words: unknown[]) => {
      underWay++
      try {
        return await call(...words)
      } finally {
        underWay--
      }
    }
  },
})

/** Resolves when nothing has happened for a while that needs no time. */
export const rest = async () => {
  for (let calm = 0; calm < 30; calm++) {
    await new Promise(resolve => setImmediate(resolve))
    if (underWay > 0) calm = 0
  }
}

/** A node with one driver `d`, its files below a directory of the test. */
export function world(t: TestContext, capabilities = ALL) {
  const root = mkdtempSync(join(tmpdir(), 'proa-csi-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const clock = createManualClock()
  const figures = createFigureBook()
  const calls: string[] = []
  const requests: Record<string, unknown>[] = []
  const state = {
    failures: {} as Record<string, CsiError>,
    /** Of these the driver is out of order. */
    failing: (_: { readonly method: string; readonly volumeId?: string }) => false,
    wishes: { attachRequired: false } as object | undefined,
    attached: undefined as object | undefined,
    node: { status: {} as object },
    isThere: true,
    hurries: 0,
    told: [] as string[],
    claim: undefined as object | undefined,
    written: undefined as { status?: object } | undefined,
  }
  const answer = (method: string) => async (request: object) => {
    calls.push(method)
    requests.push({ method, ...request })
    const failure = state.failures[method]
    if (failure) throw failure
    if (state.failing({ method, ...request })) throw new CsiError('Internal', 'out of order')
    return 0
  }
  const service = {
    stage: answer('stage'),
    unstage: answer('unstage'),
    publish: answer('publish'),
    unpublish: answer('unpublish'),
    expand: answer('expand'),
    close() {},
  } as unknown as CsiNodeService
  const driver: CsiDriver = { name: 'd', endpoint: '/s', socketPath: '/r', service, capabilities }
  const create = () =>
    new CsiVolumes({
      client: {
        async get({ kind }: { kind: string }) {
          if (kind === volumeAttachment.kind && state.attached) return state.attached
          if (kind === 'PersistentVolumeClaim') return state.claim
          throw Object.assign(new Error('not found'), { reason: 'NotFound' })
        },
        async update(_: unknown, object: object) {
          state.written = object
        },
      } as unknown as Client,
      informers: {
        for: (kind: unknown) => {
          assert.equal(kind, csiDriver)
          return {
            synced: Promise.resolve(),
            get: () => state.wishes && { spec: state.wishes },
          }
        },
      } as unknown as Informers,
      ...{ clock, log: silentLog, rootDirectory: root, nodeName: 'n' },
      files: countedFiles,
      toDriver: path => path.replace(root, '/var/lib/kubelet'),
      node: () => state.node as never,
      hurry: () => void state.hurries++,
      drivers: {
        get() {
          if (!state.isThere) throw new Error('driver name d not found')
          return driver
        },
      },
      tokens: {
        get: async () => ({ token: Buffer.from('t'), renewInMs: 1000, expirationTimestamp: 'e' }),
      },
      operations: storageOperations(figures, clock),
      tell: (_, type, reason, message) => void state.told.push(`${type} ${reason} ${message}`),
    })
  const take = () => calls.splice(0)
  return { root, clock, figures, state, requests, create, volumes: create(), take }
}

export const podOf = (uid: string, spec: object = {}): Pod =>
  ({ metadata: { name: `p-${uid}`, namespace: 'ns', uid }, spec }) as unknown as Pod
export const named = { name: 'v', persistentVolumeClaim: { claimName: 'c' } } as Volume
export const claimedOf = (more: object = {}, status: object = {}): Claimed =>
  ({
    volume: {
      metadata: { name: 'pv' },
      spec: { csi: { driver: 'd', volumeHandle: 'h' }, accessModes: ['ReadWriteOnce'], ...more },
    },
    claim: { metadata: { name: 'c', namespace: 'ns', uid: 'cu' }, status },
  }) as unknown as Claimed
export const mountFor = (uid: string, root: string, more: object = {}) =>
  claimedMount(podOf(uid), named, claimedOf(more), root)
