/** Makes claims of templates for pods, keeps account of who uses which, and frees the devices when nobody does. */
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { controllerOf, keyOf } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type ResourceClaim, resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { resourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
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
import { reconcilePod } from './resourceclaim.reconcile.pod.ts'

const POD = 'pod '
const CLAIM = 'claim '
const BY_TEMPLATE = 'claim template'

export function resourceClaimController(context: ControllerContext): Controller {
  const pods = context.informers.for(pod)
  const claims = context.informers.for(resourceClaim)
  const templates = context.informers.for(resourceClaimTemplate)
  indexByDeviceClaim(pods)
  indexByController(claims)
  pods.addIndex(BY_TEMPLATE, ({ metadata, spec }) =>
    (spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) =>
      name === undefined ? [] : `${metadata.namespace}/${name}`,
    ),
  )

  return {
    name: 'resourceclaim-controller',
    component: 'resource_claim',
    workers: 50,
    views: [
      { kind: pod, informer: pods },
      { kind: resourceClaim, informer: claims },
      { kind: resourceClaimTemplate, informer: templates },
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
        if (owner?.kind === 'Pod') queue.add(`${POD}${claim.metadata.namespace}/${owner.name}`)
      }
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
            if (!previous) for (const found of pods.by(BY_TEMPLATE, keyOf(template))) wakePod(found)
          },
        }),
      )
    },
    async reconcile(key) {
      if (key.startsWith(CLAIM)) return claimOutcome(context, claims, pods, key)
      const found = pods.get(key.slice(POD.length))
      if (!found) return nothingToDo
      const { namespace } = found.metadata
      return reconcilePod({
        pod: found,
        claimNamed: name => claims.get(`${namespace}/${name}`),
        ownClaims: claims.by(BY_CONTROLLER, found.metadata.uid ?? ''),
        templateNamed: name => templates.get(`${namespace}/${name}`),
      })
    },
  }
}

async function claimOutcome(
  { client }: ControllerContext,
  claims: Informer<ResourceClaim>,
  pods: Informer<Pod>,
  key: string,
) {
  const claimKey = key.slice(CLAIM.length)
  const seenPod = (name: string) => pods.get(`${claimKey.split('/')[0]}/${name}`)
  // The scheduler reserves for pods that this view may not know yet: the server has the last word on who is gone.
  const asked = new Map<string, Pod | undefined>()
  for (const { name, resource, apiGroup } of claims.get(claimKey)?.status.reservedFor ?? []) {
    if (apiGroup || resource !== 'pods' || seenPod(name)) continue
    const live = client.get(pod, name, claimKey.split('/')[0]).catch(error => {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    })
    asked.set(name, await live)
  }
  const claim = claims.get(claimKey)
  if (!claim) return nothingToDo
  const isKnown = ({ name }: { name: string }) => asked.has(name) || seenPod(name)
  const isToldAll = (claim.status.reservedFor ?? []).every(
    consumer => consumer.apiGroup || consumer.resource !== 'pods' || isKnown(consumer),
  )
  // Changed while we asked: its event brings us here again.
  if (!isToldAll) return nothingToDo
  return reconcileClaim({ claim, seenPod, podNamed: name => seenPod(name) ?? asked.get(name) })
}
