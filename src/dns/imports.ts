/** Watches ServiceImports, where their definition is: most clusters have none, and pay for one watch of one object that is not there. */

import { isConditionTrue } from '#api/apiextensions/v1/conditions.ts'
import {
  type CustomResourceDefinition,
  customResourceDefinition,
} from '#api/apiextensions/v1/custom-resource-definition.ts'
import {
  GROUP,
  type ServiceImport,
  serviceImport,
  VERSION,
} from '#api/multicluster/v1beta1/service-import.ts'
import { createInformers } from '#client/informers.ts'
import type { RoleContext } from '#client/role.ts'

export interface Imports {
  /** Undefined until all are known, and where there is no definition of them. */
  get(): { get(key: string): ServiceImport | undefined } | undefined
  stop(): void
}

export function followImports({ informers, client, clock, random, log }: RoleContext): Imports {
  let own: ReturnType<typeof createInformers> | undefined
  let isKnown = false
  // Of its own: who shares informers could not know that nobody else needs them any more.
  const begin = () => {
    if (own) return
    const started = createInformers(client, { clock, random, log })
    own = started
    void started.for(serviceImport).synced.then(() => {
      isKnown = own === started
    })
  }
  const end = () => {
    own?.stop()
    own = undefined
    isKnown = false
  }
  const fieldSelector = `metadata.name=${serviceImport.plural}.${GROUP}`
  const unsubscribe = informers.for(customResourceDefinition, { fieldSelector }).subscribe({
    changed: definition => (isServed(definition) ? begin() : end()),
    deleted: end,
  })
  return {
    get: () =>
      own && isKnown
        ? (own.for(serviceImport) as unknown as { get(key: string): ServiceImport | undefined })
        : undefined,
    stop() {
      unsubscribe()
      end()
    },
  }
}

const isServed = (definition: CustomResourceDefinition): boolean =>
  isConditionTrue(definition, 'Established') &&
  definition.metadata.deletionTimestamp === undefined &&
  definition.spec.versions.some(({ name, served }) => name === VERSION && served)
