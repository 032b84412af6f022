/** Rights, as a SelfSubjectAccessReview asks for them. */

export interface Right {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource?: string | undefined
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

export interface Verdict {
  readonly isAllowed: boolean
  /** Why not, in a sentence. */
  readonly reason: string
}

export const rightKey = ({ verb, group, resource, subresource, namespace, name }: Right): string =>
  [verb, group, resource, subresource, namespace, name].map(part => part ?? '').join('|')

export const reviewOf = ({ verb, group, resource, subresource, namespace, name }: Right) => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  spec: {
    resourceAttributes: {
      verb,
      group,
      resource,
      ...(subresource ? { subresource } : {}),
      ...(namespace ? { namespace } : {}),
      ...(name ? { name } : {}),
    },
  },
})

/** `you may not patch deployments.apps/scale in namespace shop`. */
export function deniedText({ verb, group, resource, subresource, namespace }: Right): string {
  const what = `${resource}${group ? `.${group}` : ''}${subresource ? `/${subresource}` : ''}`
  return `You may not ${verb} ${what}${namespace ? ` in namespace ${namespace}` : ''}`
}

export function verdictIn(review: unknown, right: Right): Verdict {
  const { status } = review as { status?: { allowed?: boolean; reason?: string } }
  if (status?.allowed === true) return { isAllowed: true, reason: '' }
  const why = status?.reason ? `: ${status.reason}` : ''
  return { isAllowed: false, reason: `${deniedText(right)}${why}.` }
}
