import { binding } from '#api/core/v1/binding.ts'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import { messageOf } from '#base/errors.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin } from '../framework/plugin.ts'
import { failed } from '../framework/status.ts'

const NAME = 'DefaultBinder'

/** Writes the binding. */
export function defaultBinder(_args: unknown, { client }: Handle): Plugin {
  return {
    name: NAME,
    async bind(_cycle, { pod }, node) {
      const { name = '', namespace = '', uid } = pod.metadata
      try {
        await client.createSubresource(podKind, { name, namespace }, 'binding', {
          apiVersion: apiVersionOf(binding),
          kind: binding.kind,
          metadata: { name, namespace, ...(uid ? { uid } : {}) },
          target: { apiVersion: 'v1', kind: 'Node', name: node.name },
        })
        return undefined
      } catch (error) {
        return failed(NAME, messageOf(error), error)
      }
    },
  }
}
