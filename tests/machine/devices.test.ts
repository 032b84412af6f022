/**
 * A plugin of devices, a driver of dynamic resources and a program that knows credentials, each as its maker would write it, with the node of
 * `proa up` on this machine: pods get what they say, also when kubelet and plugin are killed in between.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import * as plugin from '../../src/kubelet/devices/messages.ts'
import * as dra from '../../src/kubelet/dra/messages.ts'
import * as registration from '../../src/kubelet/plugin-registration/messages.ts'
import * as podResources from '../../src/kubelet/pod-resources/messages.ts'
import { busyboxImage } from '../tools/busybox-image.ts'
import { askPeer, type Stream, servePeer } from '../tools/grpc-peer.ts'
import { eventually, NO_TRACES, ownIds, ProaProcess, traces, whyNotHere } from './proa-process.ts'

const reason = whyNotHere()
if (reason) console.log(`# skipped: ${reason}`)

const RESOURCE = 'proa.test/thing'
const DRIVER = 'driver.proa.test'
const CDI_FILE = '/var/run/cdi/proa-test-driver.json'
const SERVICE = '/v1beta1.DevicePlugin'
const DRA_SERVICE = '/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin'

const podOf = (name: string, script: string, container: object, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 1,
    ...spec,
    containers: [{ name: 'c', image: busyboxImage, command: ['sh', '-c', script], ...container }],
  },
})
const things = (count: number) => ({ resources: { limits: { [RESOURCE]: String(count) } } })
const TELL = 'echo "$THINGS $(cat /thing/name) $(ls -l /dev/thing)"; exec sleep 1000'

/** Two things, each a file to be read and a device that is /dev/null. */
class ThingPlugin {
  readonly allocated: string[] = []
  readonly #directory: string
  readonly #files: string
  readonly #streams = new Set<Stream>()
  #end = () => {}

  constructor(directory: string, files: string) {
    this.#directory = directory
    this.#files = files
    for (const id of ['a', 'b']) {
      mkdirSync(join(files, id), { recursive: true })
      writeFileSync(join(files, id, 'name'), id)
    }
  }

  async start(): Promise<void> {
    await eventually(() => existsSync(join(this.#directory, 'kubelet.sock')))
    rmSync(join(this.#directory, 'thing.sock'), { force: true })
    this.#end = await servePeer(join(this.#directory, 'thing.sock'), {
      unary: {
        [`${SERVICE}/GetDevicePluginOptions`]: () => plugin.pluginOptions.encode({}),
        [`${SERVICE}/Allocate`]: request => this.#allocate(request),
      },
      streams: {
        [`${SERVICE}/ListAndWatch`]: stream => {
          this.#streams.add(stream)
          stream.on('cancelled', () => this.#streams.delete(stream))
          this.tell('Healthy')
        },
      },
    })
    await this.register()
  }

  async register(): Promise<void> {
    const request = plugin.registerRequest.encode({
      ...{ version: 'v1beta1', endpoint: 'thing.sock', resourceName: RESOURCE },
    })
    await askPeer(join(this.#directory, 'kubelet.sock'), '/v1beta1.Registration/Register', request)
  }

  /** As plugins do: whenever the kubelet's socket is new. */
  followKubelet(): () => void {
    const watcher = watch(this.#directory, (_, name) => {
      if (name !== 'kubelet.sock' || !existsSync(join(this.#directory, name))) return
      this.#end()
      this.start().catch(() => {})
    })
    return () => watcher.close()
  }

  tell(health: string): void {
    const devices = ['a', 'b'].map(id => ({ id, health: id === 'a' ? health : 'Healthy' }))
    for (const stream of this.#streams)
      stream.write(plugin.listAndWatchResponse.encode({ devices }))
  }

  die(): void {
    this.#end()
    this.#streams.clear()
  }

  #allocate(request: Uint8Array): Uint8Array {
    const { containerRequests } = plugin.allocateRequest.decode(request)
    return plugin.allocateResponse.encode({
      containerResponses: containerRequests.map(({ devicesIds = [] }) => {
        const [id = ''] = devicesIds
        this.allocated.push(devicesIds.join(','))
        return {
          envs: { THINGS: devicesIds.join(',') },
          mounts: [{ containerPath: '/thing', hostPath: join(this.#files, id), readOnly: true }],
          devices: [{ containerPath: '/dev/thing', hostPath: '/dev/null', permissions: 'rw' }],
        }
      }),
    })
  }
}

/** A driver with one device, whose container gets a variable and a file by way of CDI. */
class Driver {
  readonly calls: string[] = []
  readonly #root: string
  readonly #ends: (() => void)[] = []

  constructor(root: string) {
    this.#root = root
  }

  async start(): Promise<void> {
    const directory = join(this.#root, 'plugins', DRIVER)
    mkdirSync(directory, { recursive: true })
    mkdirSync('/var/run/cdi', { recursive: true })
    const endpoint = join(directory, 'dra.sock')
    const socket = join(this.#root, 'plugins_registry', `${DRIVER}-reg.sock`)
    for (const path of [endpoint, socket]) rmSync(path, { force: true })
    const answer = (name: string, request: Uint8Array) => {
      const { claims } = dra.claimsRequest.decode(request)
      this.calls.push(...claims.map(() => name))
      return claims.map(({ uid = '' }) => uid)
    }
    this.#ends.push(
      await servePeer(endpoint, {
        unary: {
          [`${DRA_SERVICE}/NodePrepareResources`]: request =>
            dra.prepareResponse.encode({
              claims: answer('prepare', request).map(uid => ({
                key: uid,
                value: this.#prepare(uid),
              })),
            }),
          [`${DRA_SERVICE}/NodeUnprepareResources`]: request => {
            const claims = answer('unprepare', request).map(key => ({ key, value: {} }))
            rmSync(CDI_FILE, { force: true })
            return dra.unprepareResponse.encode({ claims })
          },
        },
      }),
      await servePeer(socket, {
        unary: {
          '/pluginregistration.Registration/GetInfo': () =>
            registration.pluginInfo.encode({
              ...{ type: 'DRAPlugin', name: DRIVER, endpoint, supportedVersions: ['v1.DRAPlugin'] },
            }),
          '/pluginregistration.Registration/NotifyRegistrationStatus': () => new Uint8Array(0),
        },
      }),
    )
  }

  die(): void {
    for (const end of this.#ends.splice(0)) end()
  }

  #prepare(uid: string) {
    const env = [`CLAIM=${uid}`]
    const mounts = [{ hostPath: '/etc/hostname', containerPath: '/given', options: ['ro', 'bind'] }]
    const devices = [{ name: uid, containerEdits: { env, mounts } }]
    writeFileSync(
      CDI_FILE,
      JSON.stringify({ cdiVersion: '0.5.0', kind: `${DRIVER}/thing`, devices }),
    )
    const cdiDeviceIds = [`${DRIVER}/thing=${uid}`]
    return {
      devices: [{ poolName: 'here', deviceName: 'd', requestNames: ['main'], cdiDeviceIds }],
    }
  }
}

describe('devices of a node', { skip: reason !== undefined }, () => {
  const proa = new ProaProcess()
  const { kubectl } = proa
  const root = proa.layout.kubelet
  const files = join(proa.directory, 'things')
  const socket = join(root, 'pod-resources', 'kubelet.sock')
  const flags: string[] = []
  let thing: ThingPlugin
  let driver: Driver
  let unfollow = () => {}
  let ids: readonly string[] = []

  const apply = (...items: object[]) =>
    kubectl.run('apply -f -', {
      input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
    })
  const field = (of: string, path: string) =>
    kubectl.run(['get', ...of.split(' '), '-o', `jsonpath={${path}}`])
  const isRunning = (name: string) =>
    eventually(async () => (await field(`pod ${name}`, '.status.phase')) === 'Running').catch(
      async error => {
        throw new Error(`${error}\n${await kubectl.run(`describe pod ${name}`)}`)
      },
    )
  const amounts = async () => {
    const of = (where: string) => field('node here', `.status.${where}.proa\\.test/thing`)
    return `${await of('capacity')}/${await of('allocatable')}`
  }
  const amountsAre = (wanted: string) =>
    eventually(async () => (await amounts()) === wanted).catch(async error => {
      throw new Error(`${error}: ${await amounts()}, not ${wanted}`)
    })

  before(async () => {
    const bin = join(proa.directory, 'bin')
    mkdirSync(bin)
    const answer = {
      ...{ kind: 'CredentialProviderResponse', cacheKeyType: 'Image' },
      apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      auth: { 'registry.invalid': { username: 'u', password: 'p' } },
    }
    writeFileSync(
      join(bin, 'login'),
      `#!/bin/sh\ncat >"$ASKED"\necho '${JSON.stringify(answer)}'\n`,
      { mode: 0o755 },
    )
    const provider = {
      ...{ name: 'login', matchImages: ['registry.invalid'], defaultCacheDuration: '1m' },
      apiVersion: answer.apiVersion,
      env: [{ name: 'ASKED', value: join(proa.directory, 'asked.json') }],
    }
    const write = (name: string, content: object) => {
      writeFileSync(join(proa.directory, name), JSON.stringify(content))
      return join(proa.directory, name)
    }
    flags.push(
      '--kubelet-config',
      write('kubelet.json', {
        apiVersion: 'kubelet.config.k8s.io/v1beta1',
        ...{ kind: 'KubeletConfiguration', maxPods: 42, nodeStatusUpdateFrequency: '2s' },
      }),
      '--image-credential-provider-config',
      write('providers.json', {
        apiVersion: 'kubelet.config.k8s.io/v1',
        ...{ kind: 'CredentialProviderConfig', providers: [provider] },
      }),
      '--image-credential-provider-bin-dir',
      bin,
    )
    proa.loadImage()
    await proa.start(...flags)
    thing = new ThingPlugin(join(root, 'device-plugins'), files)
    driver = new Driver(root)
    await thing.start()
    unfollow = thing.followKubelet()
    await driver.start()
  })

  after(async () => {
    unfollow()
    thing?.die()
    driver?.die()
    await proa.end('SIGKILL')
    for (const name of ['things', 'bin', 'kubelet.json', 'providers.json', 'asked.json'])
      rmSync(join(proa.directory, name), { recursive: true, force: true })
    rmSync(CDI_FILE, { force: true })
    const { code, text } = proa.reset()
    assert.equal(code, 0, text)
    assert.deepEqual(await traces(proa, ids), NO_TRACES)
  })

  test('a pod has the device that its plugin gives, and those who ask are told which', async () => {
    await amountsAre('2/2')
    await apply(podOf('first', TELL, things(1)))
    await isRunning('first')
    const said = await eventually(async () => (await kubectl.try('logs first')).stdout)
    assert.match(said, /^a a crw-rw-rw-.*1, +3 .*\/dev\/thing/)
    const health = await field(
      'pod first',
      '.status.containerStatuses[0].allocatedResourcesStatus[0].resources[0]',
    )
    assert.deepEqual(JSON.parse(health), { resourceID: 'a', health: 'Healthy' })
    const bytes = await askPeer(socket, '/v1.PodResourcesLister/List', new Uint8Array(0))
    const told = podResources.listResponse.decode(bytes).podResources
    const [container] = told.find(({ name }) => name === 'first')?.containers ?? []
    assert.deepEqual(
      container?.devices?.map(({ resourceName, deviceIds }) => [resourceName, deviceIds]),
      [[RESOURCE, ['a']]],
    )
    thing.tell('Unhealthy')
    await amountsAre('2/1')
    thing.tell('Healthy')
    await amountsAre('2/2')
  })

  test('kubelet and plugin are killed, and everybody keeps what they have', async () => {
    ids = ownIds(proa)
    await proa.end('SIGKILL')
    await proa.start(...flags)
    await amountsAre('2/2')
    await apply(podOf('second', TELL, things(1)))
    await isRunning('second')
    assert.match(await eventually(async () => (await kubectl.try('logs second')).stdout), /^b b /)
    assert.equal(await field('pod first', '.status.containerStatuses[0].restartCount'), '0')
    thing.die()
    await amountsAre('2/0')
    await thing.start()
    await amountsAre('2/2')
    assert.deepEqual(thing.allocated, ['a', 'b'])
    await apply(podOf('third', TELL, things(1), { nodeName: 'here' }))
    await eventually(async () => (await field('pod third', '.status.phase')) === 'Failed')
    assert.equal(
      await field('pod third', '.status.message'),
      `Pod was rejected: Allocate failed due to requested number of devices unavailable for ${RESOURCE}. Requested: 1, Available: 0, which is unexpected`,
    )
    await kubectl.run('delete pod first second third --wait=true')
  })

  test('a claim is prepared by its driver, and given back', async () => {
    const attributes = { devices: [{ name: 'd' }], driver: DRIVER, nodeName: 'here' }
    const v1 = { apiVersion: 'resource.k8s.io/v1' }
    const requests = [{ name: 'main', exactly: { deviceClassName: 'thing' } }]
    await apply(
      { ...v1, kind: 'DeviceClass', metadata: { name: 'thing' }, spec: {} },
      {
        ...{ ...v1, kind: 'ResourceSlice', metadata: { name: 'here-things' } },
        spec: { ...attributes, pool: { name: 'here', generation: 1, resourceSliceCount: 1 } },
      },
      {
        ...{ ...v1, kind: 'ResourceClaimTemplate', metadata: { name: 'thing' } },
        spec: { spec: { devices: { requests } } },
      },
      podOf(
        'claiming',
        'echo "$CLAIM $(cat /given)"; exec sleep 1000',
        { resources: { claims: [{ name: 'mine', request: 'main' }] } },
        { resourceClaims: [{ name: 'mine', resourceClaimTemplateName: 'thing' }] },
      ),
    )
    await isRunning('claiming')
    const uid = await field('resourceclaims', '.items[0].metadata.uid')
    const said = await eventually(async () => (await kubectl.try('logs claiming')).stdout)
    assert.equal(said.trim(), `${uid} ${readFileSync('/etc/hostname', 'utf8').trim()}`)
    assert.equal(
      await field('pod claiming', '.status.containerStatuses[0].allocatedResourcesStatus[0].name'),
      'claim:mine/main',
    )
    await proa.end('SIGKILL')
    await proa.start(...flags)
    await kubectl.run('delete pod claiming --wait=true')
    assert.deepEqual(driver.calls, ['prepare', 'unprepare'])
    const list = async () => (await kubectl.run('get resourceclaims -o name')).trim()
    await eventually(async () => (await list()) === '')
  })

  test('what a configuration says holds, and can be read', async () => {
    assert.equal(await field('node here', '.status.capacity.pods'), '42')
    const text = await kubectl.run('get --raw /api/v1/nodes/here/proxy/configz')
    const { kubeletconfig } = JSON.parse(text)
    assert.equal(kubeletconfig.maxPods, 42)
    assert.equal(kubeletconfig.nodeStatusUpdateFrequency, '2s')
    assert.equal(kubeletconfig.kind, 'KubeletConfiguration')
  })

  test('a program is asked how to pull', async () => {
    const image = 'registry.invalid/team/web:1'
    await apply(podOf('private', 'true', { image }))
    const asked = join(proa.directory, 'asked.json')
    await eventually(() => existsSync(asked) && readFileSync(asked, 'utf8') !== '')
    assert.deepEqual(JSON.parse(readFileSync(asked, 'utf8')), {
      kind: 'CredentialProviderRequest',
      apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      image: 'registry.invalid/team/web',
    })
    await kubectl.run('delete pod private --wait=true')
  })
})
