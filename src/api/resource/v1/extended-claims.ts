/** Marks claims that are made for the extended resources of a pod. */
export const EXTENDED_CLAIM = 'resource.kubernetes.io/extended-resource-claim'
