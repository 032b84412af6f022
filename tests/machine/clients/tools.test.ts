/** kubectl of the version that Proa serves, kustomize, and Helm 3 and 4, each built from its own Go module. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { nodesReady } from '../../scenarios/hollow-workloads.ts'
import {
  attempt,
  buildFolder,
  type ClientCluster,
  missing,
  run,
  startClientCluster,
} from './programs.ts'

const sources = join(import.meta.dirname, 'tools')
const programs = buildFolder('tools')
/** A release's build writes its version in; kubectl refuses to compare the unwritten one. */
const VERSION = '-X k8s.io/component-base/version.gitVersion=v1.36.6'
/** Programs by name, and the packages that they are built from. */
const packages = {
  kubectl: './kubectl',
  kustomize: 'sigs.k8s.io/kustomize/kustomize/v5',
  helm3: 'helm.sh/helm/v3/cmd/helm',
  helm4: 'helm.sh/helm/v4/cmd/helm',
}

describe('tools in Go', { skip: missing('go') }, () => {
  let target: ClientCluster

  before(async () => {
    target = await startClientCluster()
    for (const [name, path] of Object.entries(packages))
      await run('go', ['build', '-ldflags', VERSION, '-o', join(programs, name), path], {
        cwd: sources,
      })
    await nodesReady(target.cluster, 2)
  })
  after(() => target?.stop())

  const kubectl = (words: string, input?: string) =>
    run(join(programs, 'kubectl'), ['--kubeconfig', target.kubeconfig, ...words.split(' ')], {
      ...(input === undefined ? {} : { input }),
    })

  test('kubectl of this version has no complaint about the server', async () => {
    const versions = await kubectl('version')
    assert.match(versions, /Server Version: v1\.36\.\d+\+proa/)
    assert.match(await kubectl('get --raw /readyz'), /^ok$/)
    await kubectl('create deployment web --image=web:1 --replicas=2')
    await kubectl('rollout status deployment/web --timeout=150s')
    await kubectl('set image deployment/web web=web:2')
    await kubectl('rollout status deployment/web --timeout=150s')
    await kubectl('rollout undo deployment/web')
    await kubectl('scale deployment web --replicas=1')
    const image = 'jsonpath={.spec.template.spec.containers[0].image}'
    assert.equal(await kubectl(`get deployment web -o ${image}`), 'web:1')
    assert.match(await kubectl('get pods -o kyaml'), /kind: "Pod"/)
    assert.match(await kubectl('explain hpa.spec.metrics --recursive'), /VERSION: +v2/)
    assert.match(await kubectl('describe deployment web'), /StrategyType: +RollingUpdate/)
    await kubectl('delete deployment web --wait --timeout=150s')
  })

  test('kustomize', async () => {
    await kubectl('create namespace live')
    const overlay = join(sources, 'site/overlay')
    const built = await run(join(programs, 'kustomize'), ['build', overlay])
    assert.match(await kubectl('apply -f -', built), /deployment.apps\/live-site created/)
    await kubectl('rollout status deployment/live-site -n live --timeout=150s')
    const again = await kubectl(`apply -k ${overlay}`)
    assert.deepEqual(
      again
        .trim()
        .split('\n')
        .filter(line => !line.endsWith(' unchanged')),
      [],
    )
    const diff = await attempt(join(programs, 'kubectl'), [
      ...['--kubeconfig', target.kubeconfig, 'diff', '-k', overlay],
    ])
    assert.deepEqual([diff.code, diff.stdout], [0, ''], diff.stderr)
    assert.match(
      await kubectl(`apply --server-side --force-conflicts -k ${overlay}`),
      /live-site serverside-applied/,
    )
    const configMap = await kubectl('get configmap -n live -l app=site -o jsonpath={..index}')
    assert.equal(configMap, 'welcome')
    await kubectl(`delete -k ${overlay} --timeout=150s`)
    assert.equal(await kubectl('get all,cm,secret -n live -l app=site -o name'), '')
  })

  for (const version of [3, 4])
    test(`Helm ${version}`, async () => {
      const release = `shop${version}`
      const folder = join(target.directory, release)
      const env = {
        HELM_CACHE_HOME: folder,
        HELM_CONFIG_HOME: folder,
        HELM_DATA_HOME: folder,
        KUBECONFIG: target.kubeconfig,
        HELM_NAMESPACE: release,
      }
      const program = join(programs, `helm${version}`)
      const helm = (words: string) => run(program, words.split(' '), { env })
      const chart = join(sources, 'shop')
      // Helm 4 would wait for jobs to start, and no controller starts them yet.
      const wait = version === 3 ? '--wait --timeout 60s' : '--wait=legacy --timeout 60s'
      const value = (path: string) =>
        kubectl(`get configmap ${release}-settings -n ${release} -o jsonpath={${path}}`)

      await helm(`lint ${chart} --strict`)
      await kubectl(`create namespace ${release}`)
      const rendered = await helm(`template ${release} ${chart} --validate`)
      assert.match(rendered, /kind: HorizontalPodAutoscaler/)
      await helm(`install ${release} ${chart} ${wait}`)
      assert.equal(await value('.data.colour'), 'blue')
      const kinds =
        'deployment,service,secret,job,hpa,ingress,networkpolicy,pdb,coupon,serviceaccount'
      const owned = await kubectl(
        `get ${kinds} -n ${release} -l app.kubernetes.io/instance=${release} -o name`,
      )
      assert.equal(owned.trim().split('\n').length, kinds.split(',').length, owned)

      await helm(`upgrade ${release} ${chart} --set colour=red --set replicas=3 ${wait}`)
      assert.equal(await value('.data.colour'), 'red')
      const hook = `get configmap ${release}-before -n ${release} -o jsonpath={.data.revision}`
      assert.equal(await kubectl(hook), '2')
      assert.match(await helm(`test ${release} --timeout 60s`), /Phase: +Succeeded/)

      await helm(`upgrade ${release} ${chart} --set colour=black ${wait}`)
      const failed = await attempt(program, ['test', release, '--timeout', '60s'], { env })
      assert.notEqual(failed.code, 0, 'a test pod that fails')
      await helm(`rollback ${release} 2 ${wait}`)
      assert.equal(await value('.data.colour'), 'red')
      assert.equal(
        await kubectl(
          `get deployment ${release} -n ${release} -o jsonpath={.status.readyReplicas}`,
        ),
        '3',
      )
      const [listed] = JSON.parse(await helm('list -o json'))
      assert.deepEqual([listed.name, listed.revision, listed.status], [release, '4', 'deployed'])

      const invalid = await attempt(
        program,
        ['upgrade', release, chart, '--set', 'openingHours=null', '--set', 'image='],
        { env },
      )
      assert.match(invalid.stderr, /containers\[0\]\.image: Required value/)
      await helm(`uninstall ${release} --wait --timeout 60s`)
      assert.equal(
        await kubectl(
          `get ${kinds} -n ${release} -l app.kubernetes.io/instance=${release} -o name`,
        ),
        '',
      )
      assert.deepEqual(JSON.parse(await helm('list --all-namespaces -o json')), [])
    })
})
