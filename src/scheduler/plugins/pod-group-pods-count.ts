import { MAXIMUM_NODE_SCORE, type Plugin } from '../framework/plugin.ts'

/** Prefers placements that take more of a group's pods. */
export function podGroupPodsCount(): Plugin {
  return {
    name: 'PodGroupPodsCount',
    scorePlacement: ({ pods }) => pods.length,
    // Against the most that any of them takes, so that one pod more or less makes little difference to a large group.
    normalizePlacements(scores) {
      const most = Math.max(...scores)
      for (const [i, count] of scores.entries())
        scores[i] = Math.trunc((count * MAXIMUM_NODE_SCORE) / most)
    },
  }
}
