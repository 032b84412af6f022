/** Deletes pods that use devices with NoExecute taints which their claims do not tolerate, or not for so long. */
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { ruleSelects } from '#api/resource/v1/device-taints.ts'
import { type ResourceClaim, resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { resourceSlice } from '#api/resource/v1/resource-slice.ts'
import {
  deviceTaintRule as alphaRule,
  type DeviceTaintRule,
} from '#api/resource/v1alpha3/device-taint-rule.ts'
import { deviceTaintRule as betaRule } from '#api/resource/v1beta2/device-taint-rule.ts'
import type { Informer } from '#client/informer.ts'
import { type Controller, type ControllerContext, nothingToDo } from '../runner/controller.ts'
import { podEviction, reconcilePod } from './device-taint-eviction.reconcile.pod.ts'
import { REPORT_PERIOD_MS, reconcileRule } from './device-taint-eviction.reconcile.rule.ts'
import { currentSlices, type DeviceWorld, devicesOf } from './device-taints.ts'
import { createEvictions } from './evictions.ts'

const POD = 'pod '
const RULE = 'rule '
const BY_POOL = 'device pool'

const poolKey = (driver: string, pool: string) => `${driver}/${pool}`

export function deviceTaintEvictionController(context: ControllerContext): Controller {
  const { clock } = context
  const pods = context.informers.for(pod)
  const claims = context.informers.for(resourceClaim)
  const slices = context.informers.for(resourceSlice)
  // Rules are a beta that is off by default: they count where they are served.
  const ruleKind = [betaRule, alphaRule].find(kind => context.kinds().includes(kind))
  const rules: Informer<DeviceTaintRule> | undefined = ruleKind && context.informers.for(ruleKind)
  claims.addIndex(BY_POOL, claim =>
    devicesOf(claim).map(device => poolKey(device.driver, device.pool)),
  )
  slices.addIndex(BY_POOL, ({ spec }) => [poolKey(spec.driver, spec.pool.name)])
  const evictions = createEvictions()

  const devices = (): DeviceWorld => ({
    slicesOf: (driver, pool) => slices.by(BY_POOL, poolKey(driver, pool)),
    rules: rules?.list() ?? [],
  })
  const evictionOf = (found: Pod, world: DeviceWorld) =>
    podEviction({
      pod: found,
      claimNamed: name => claims.get(`${found.metadata.namespace}/${name}`),
      ...world,
    })
  /** Who would have to go if the rule had the effect NoExecute. */
  const pendingOf = (rule: DeviceTaintRule) => {
    const asIf = {
      ...rule,
      spec: { ...rule.spec, taint: { ...rule.spec.taint, effect: 'NoExecute' as const } },
    }
    const world = { ...devices(), rules: [asIf] }
    const found = pods
      .list()
      .filter(({ metadata, spec }) => spec.resourceClaims && !metadata.deletionTimestamp)
      .filter(each => evictionOf(each, world)?.rules.length)
    return {
      pods: found.length,
      namespaces: new Set(found.map(({ metadata }) => metadata.namespace)).size,
    }
  }
  const selectedBy = (rule: DeviceTaintRule) => {
    const pools = Map.groupBy(slices.list(), ({ spec }) => poolKey(spec.driver, spec.pool.name))
    const published = [...pools.values()]
      .flatMap(currentSlices)
      .flatMap(({ spec }) =>
        (spec.devices ?? []).filter(({ name }) =>
          ruleSelects(rule, { driver: spec.driver, pool: spec.pool.name, device: name }),
        ),
      )
    const allocated = claims
      .list()
      .flatMap(devicesOf)
      .filter(device => ruleSelects(rule, device))
    return { published: published.length, allocated: allocated.length }
  }

  return {
    name: 'device-taint-eviction-controller',
    workers: 10,
    views: [
      { kind: pod, informer: pods },
      { kind: resourceClaim, informer: claims },
      { kind: resourceSlice, informer: slices },
      ...(ruleKind && rules ? [{ kind: ruleKind, informer: rules }] : []),
    ],
    wake(queue) {
      const wakePods = ({ metadata, status }: ResourceClaim) => {
        for (const { apiGroup, resource, name } of status.reservedFor ?? [])
          if (!apiGroup && resource === 'pods') queue.add(`${POD}${metadata.namespace}/${name}`)
      }
      const wakePool = ({ spec }: { spec: { driver: string; pool: { name: string } } }) => {
        for (const claim of claims.by(BY_POOL, poolKey(spec.driver, spec.pool.name)))
          wakePods(claim)
      }
      const wakeSelected = (rule: DeviceTaintRule) => {
        for (const claim of claims.list())
          if (devicesOf(claim).some(device => ruleSelects(rule, device))) wakePods(claim)
      }
      queue.onStop(
        pods.subscribe({
          changed: next => {
            if (next.spec.resourceClaims) queue.add(POD + keyOf(next))
          },
          deleted: next => {
            if (next.spec.resourceClaims) queue.add(POD + keyOf(next))
          },
        }),
      )
      queue.onStop(
        claims.subscribe({
          changed(next, previous) {
            if (previous) wakePods(previous)
            wakePods(next)
          },
          deleted: wakePods,
        }),
      )
      queue.onStop(slices.subscribe({ changed: wakePool, deleted: wakePool }))
      if (!rules) return
      queue.onStop(
        rules.subscribe({
          changed(next, previous) {
            if (previous?.metadata.generation === next.metadata.generation) return
            queue.add(RULE + next.metadata.name)
            if (previous) wakeSelected(previous)
            wakeSelected(next)
          },
          deleted(rule) {
            evictions.forget(rule.metadata.name ?? '')
            wakeSelected(rule)
          },
        }),
      )
      // Only the first pod of many makes a rule tell; the others are counted when it does.
      evictions.onChange(rule => queue.addAfter(RULE + rule, REPORT_PERIOD_MS))
    },
    reconcile(key) {
      const nowMs = clock.now()
      if (key.startsWith(RULE)) {
        const name = key.slice(RULE.length)
        const rule = rules?.get(name)
        if (!rule || !ruleKind) return nothingToDo
        return reconcileRule({
          kind: ruleKind,
          rule,
          pending: () => pendingOf(rule),
          selected: () => selectedBy(rule),
          evicted: evictions.countOf(name),
          nowMs,
        })
      }
      const podKey = key.slice(POD.length)
      const found = pods.get(podKey)
      const isThere = found && !found.metadata.deletionTimestamp
      const eviction = isThere ? evictionOf(found, devices()) : undefined
      const wasToGo = evictions.note(podKey, Boolean(isThere), eviction, nowMs)
      return found ? reconcilePod(found, eviction, { wasToGo, nowMs }) : nothingToDo
    },
  }
}
