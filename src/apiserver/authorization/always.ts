/** Authorizers for clusters in which nothing is to be decided: all is allowed, or nothing is. */
import { type Authorizer, allow, noOpinion } from './authorizer.ts'

export const alwaysAllow: Authorizer = {
  authorize: () => allow(),
  rulesFor: () => ({
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
    incomplete: false,
    errors: [],
  }),
}

/** Has no opinion, so that others may still allow. */
export const alwaysDeny: Authorizer = {
  authorize: () => noOpinion('Everything is forbidden.'),
  rulesFor: () => ({ rules: [], incomplete: false, errors: [] }),
}
