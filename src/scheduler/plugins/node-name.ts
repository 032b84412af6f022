import { type Plugin, refuse } from '../plugin.ts'

/** A pod that names its node fits nowhere else. */
export const nodeName: Plugin = {
  name: 'NodeName',
  wokenBy: ['node-added'],
  filter({ pod }) {
    const { nodeName } = pod.spec
    if (!nodeName) return undefined
    return ({ name }) =>
      name === nodeName ? undefined : refuse("node(s) didn't match the requested node name", true)
  },
}
