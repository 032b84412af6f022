/** Makes claims of templates for pods and groups of them, keeps account of who uses which, and frees the devices when nobody does. */
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { controllerOf, keyOf } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type ResourceClaim, resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { resourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { isGroupConsumer } from '#api/scheduling/v1alpha2/group-claims.ts'
import { type PodGroup, podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { isGateOn } from '#base/feature-gates.ts'
import type { Informer } from '#client/informer.ts'
import { type Controller, type ControllerContext, nothingToDo } from '../runner/controller.ts'
import {
  BY_DEVICE_CLAIM,
  claimNamesOf,
  indexByDeviceClaim,
  needsNoClaims,
} from '../runner/device-claims.ts'
import { BY_CONTROLLER, indexByController } from '../runner/owners.ts'
import { reconcileClaim } from './resourceclaim.reconcile.claim.ts'
import { reconcileGroup } from './resourceclaim.reconcile.group.ts'
import { reconcilePod } from './resourceclaim.reconcile.pod.ts'

const POD = 'pod '
const CLAIM = 'claim '
const GROUP = 'group '
const BY_TEMPLATE = 'claim template'
const BY_GROUP = 'pod group'

export function resourceClaimController(context: ControllerContext): Controller {
  const pods = context.informers.for(pod)
  const claims = context.informers.for(resourceClaim)
  const templates = context.informers.for(resourceClaimTemplate)
  const areGroupsFollowed =
    isGateOn(context.featureGates, 'DRAWorkloadResourceClaims') &&
    context.kinds().includes(podGroup)
  const groups = areGroupsFollowed ? context.informers.for(podGroup) : undefined
  indexByDeviceClaim(pods)
  indexByController(claims)
  pods.addIndex(BY_TEMPLATE, ({ metadata, spec }) =>
    (spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) =>
      name === undefined ? [] : `${metadata.namespace}/${name}`,
    ),
  )
  pods.addIndex(BY_GROUP, pod => [groupKeyOf(pod) ?? []].flat())

  return {
    name: 'resourceclaim-controller',
    component: 'resource_claim',
    workers: 50,
    views: [
      { kind: pod, informer: pods },
      { kind: resourceClaim, informer: claims },
      { kind: resourceClaimTemplate, informer: templates },
      ...(groups ? [{ kind: podGroup, informer: groups }] : []),
    ],
    wake(queue) {
      const wakePod = (found: Pod) => queue.add(POD + keyOf(found))
      const wakeClaims = (found: Pod) => {
        for (const name of claimNamesOf(found))
          queue.add(`${CLAIM}${found.metadata.namespace}/${name}`)
      }
      const wakeUsers = (claim: ResourceClaim) => {
        for (const found of pods.by(BY_DEVICE_CLAIM, keyOf(claim))) wakePod(found)
        const owner = controllerOf(claim)
        const prefix = owner && OWNERS[owner.kind]
        if (prefix) queue.add(`${prefix}${claim.metadata.namespace}/${owner.name}`)
      }
      const wakeGroupClaims = ({ metadata, spec, status }: PodGroup) => {
        for (const { resourceClaimName: name } of [
          ...(spec.resourceClaims ?? []),
          ...(status.resourceClaimStatuses ?? []),
        ])
          if (name) queue.add(`${CLAIM}${metadata.namespace}/${name}`)
      }
      if (groups)
        queue.onStop(
          groups.subscribe({
            changed(group) {
              queue.add(GROUP + keyOf(group))
              for (const found of pods.by(BY_GROUP, keyOf(group)))
                if (found.spec.resourceClaims) wakePod(found)
            },
            deleted: wakeGroupClaims,
          }),
        )
      queue.onStop(
        pods.subscribe({
          changed(next) {
            if (!next.spec.resourceClaims && !next.status.extendedResourceClaimStatus) return
            if (needsNoClaims(next)) wakeClaims(next)
            if (!next.metadata.deletionTimestamp) wakePod(next)
          },
          deleted: wakeClaims,
        }),
      )
      queue.onStop(
        claims.subscribe({
          changed(claim) {
            queue.add(CLAIM + keyOf(claim))
            wakeUsers(claim)
          },
          deleted: wakeUsers,
        }),
      )
      queue.onStop(
        templates.subscribe({
          changed(template, previous) {
            // Nothing that claims are made of ever changes.
            if (previous) return
            for (const found of pods.by(BY_TEMPLATE, keyOf(template))) wakePod(found)
            for (const group of groups?.list(template.metadata.namespace) ?? [])
              queue.add(GROUP + keyOf(group))
          },
        }),
      )
    },
    async reconcile(key) {
      if (key.startsWith(CLAIM)) return claimOutcome(context, { claims, pods, groups }, key)
      const worldOf = ({ metadata }: Pod | PodGroup) => ({
        claimNamed: (name: string) => claims.get(`${metadata.namespace}/${name}`),
        ownClaims: claims.by(BY_CONTROLLER, metadata.uid ?? ''),
        templateNamed: (name: string) => templates.get(`${metadata.namespace}/${name}`),
      })
      if (key.startsWith(GROUP)) {
        const group = groups?.get(key.slice(GROUP.length))
        return group ? reconcileGroup({ group, ...worldOf(group) }) : nothingToDo
      }
      const found = pods.get(key.slice(POD.length))
      if (!found) return nothingToDo
      const groupKey = groupKeyOf(found)
      const group =
        groups && groupKey !== undefined ? (groups.get(groupKey) ?? 'awaited') : undefined
      return reconcilePod({ pod: found, group, ...worldOf(found) })
    },
  }
}

const OWNERS: Readonly<Record<string, string>> = { Pod: POD, PodGroup: GROUP }

function groupKeyOf({ metadata, spec }: Pod): string | undefined {
  const name = spec.schedulingGroup?.podGroupName
  return name ? `${metadata.namespace}/${name}` : undefined
}

type Consumer = NonNullable<ResourceClaim['status']['reservedFor']>[number]

interface Views {
  readonly claims: Informer<ResourceClaim>
  readonly pods: Informer<Pod>
  readonly groups: Informer<PodGroup> | undefined
}

async function claimOutcome({ client }: ControllerContext, views: Views, key: string) {
  const { claims, pods, groups } = views
  const claimKey = key.slice(CLAIM.length)
  const [namespace] = claimKey.split('/')
  const seenPod = (name: string) => pods.get(`${namespace}/${name}`)
  const seenGroup = (name: string) => groups?.get(`${namespace}/${name}`)
  // The scheduler reserves for pods that this view may not know yet: the server has the last word on who is gone.
  const asked = new Map<string, Pod | undefined>()
  const askedGroups = new Map<string, PodGroup | undefined>()
  const orNone = (error: unknown) => {
    if (isStatus(error, 'NotFound')) return undefined
    throw error
  }
  const isKnown = (consumer: Consumer) => {
    const { name } = consumer
    if (isPod(consumer)) return asked.has(name) || seenPod(name) !== undefined
    return (
      !groups || !isGroupConsumer(consumer) || askedGroups.has(name) || Boolean(seenGroup(name))
    )
  }
  for (const consumer of claims.get(claimKey)?.status.reservedFor ?? []) {
    const { name } = consumer
    if (isKnown(consumer)) continue
    if (isPod(consumer)) asked.set(name, await client.get(pod, name, namespace).catch(orNone))
    else askedGroups.set(name, await client.get(podGroup, name, namespace).catch(orNone))
  }
  const claim = claims.get(claimKey)
  // Changed while we asked: its event brings us here again.
  if (!claim || !(claim.status.reservedFor ?? []).every(isKnown)) return nothingToDo
  return reconcileClaim({
    claim,
    seenPod,
    podNamed: name => seenPod(name) ?? asked.get(name),
    groupNamed: groups && (name => seenGroup(name) ?? askedGroups.get(name)),
  })
}

const isPod = ({ apiGroup, resource }: Consumer): boolean => !apiGroup && resource === 'pods'
