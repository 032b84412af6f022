/**
 * Acting as somebody else (`kubectl --as`). Each header is a right of its own: the user, every group, the uid and every extra
 * value are authorized one by one, as the user who really asks; one refusal refuses the request.
 *
 * A header that came several times reaches this file as one string; the listener puts a newline between the values, which no header
 * value can hold. (Node's own joining with ", " would be a name that contains it: it fails closed.)
 */
import { badRequest } from '#api/machinery/status.ts'
import type { ApiRequest } from '#client/transport.ts'
import { type Attributes, type Authorizer, forbiddenBy } from '../authorization/authorizer.ts'
import { withAuthenticatedGroup } from './authentication.ts'
import {
  ALL_UNAUTHENTICATED,
  anonymous,
  SERVICE_ACCOUNT_USER_PREFIX,
  serviceAccountUser,
  type UserInfo,
} from './authenticator.ts'

export const IMPERSONATION_HEADER_PREFIX = 'impersonate-'
const EXTRA_PREFIX = 'impersonate-extra-'

interface Asked {
  readonly user: string
  readonly groups: readonly string[]
  readonly uid: string
  readonly extra: ReadonlyMap<string, readonly string[]>
}

/** The user whom the request is for: the asker, or whom the asker may be. Throws 400 and 403. */
export async function impersonated(
  request: ApiRequest,
  asker: UserInfo,
  authorizer: Authorizer,
): Promise<UserInfo> {
  const asked = headersOf(request)
  if (asked === undefined) return asker
  const account = serviceAccountIn(asked.user)
  for (const right of rightsFor(asked, account)) {
    const attributes = { ...right, user: asker }
    const decision = await authorizer.authorize(attributes)
    if (decision.verdict !== 'allow') throw forbiddenBy(attributes, decision.reason)
  }
  const groups = [...asked.groups]
  if (groups.length === 0 && account)
    groups.push(...serviceAccountUser(account.namespace, account.name).groups)
  if (asked.user === anonymous.name && !groups.includes(ALL_UNAUTHENTICATED))
    groups.push(ALL_UNAUTHENTICATED)
  return withAuthenticatedGroup({
    name: asked.user,
    ...(asked.uid ? { uid: asked.uid } : {}),
    groups,
    ...(asked.extra.size > 0 ? { extra: Object.fromEntries(asked.extra) } : {}),
  })
}

function headersOf({ headers = {} }: ApiRequest): Asked | undefined {
  const names = Object.keys(headers).filter(name =>
    name.toLowerCase().startsWith(IMPERSONATION_HEADER_PREFIX),
  )
  if (names.length === 0) return undefined
  const values = (name: string) => (headers[name] ?? '').split('\n').map(each => each.trim())
  const extra = new Map<string, string[]>()
  const single = { user: '', uid: '' }
  const groups: string[] = []
  for (const name of names) {
    const lower = name.toLowerCase()
    if (lower.startsWith(EXTRA_PREFIX)) {
      const key = decoded(lower.slice(EXTRA_PREFIX.length))
      extra.set(key, [...(extra.get(key) ?? []), ...values(name)])
    } else if (lower === 'impersonate-group') groups.push(...values(name))
    else if (lower === 'impersonate-user' || lower === 'impersonate-uid') {
      const [value = '', ...more] = values(name)
      if (more.length > 0) throw badRequest(`the header ${lower} may be sent only once`)
      single[lower === 'impersonate-user' ? 'user' : 'uid'] = value
    } else throw badRequest(`the header ${lower} is not known`)
  }
  if (single.user === '')
    throw badRequest(`requested ${names.join(', ')} without impersonating a user`)
  if (groups.includes('')) throw badRequest('the header impersonate-group must not be empty')
  return { ...single, groups, extra }
}

/** Keys of extra values are percent-encoded, since header names cannot hold every character. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key).toLowerCase()
  } catch {
    return key
  }
}

function serviceAccountIn(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(SERVICE_ACCOUNT_USER_PREFIX)) return undefined
  const [namespace, name, ...more] = user.slice(SERVICE_ACCOUNT_USER_PREFIX.length).split(':')
  return namespace && name && more.length === 0 ? { namespace, name } : undefined
}

function rightsFor(
  asked: Asked,
  account: { namespace: string; name: string } | undefined,
): Omit<Attributes, 'user'>[] {
  const right = (part: Partial<Attributes>) => ({
    verb: 'impersonate',
    group: '',
    version: 'v1',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    path: '',
    isResourceRequest: true,
    ...part,
  })
  const group = 'authentication.k8s.io'
  return [
    account
      ? right({ resource: 'serviceaccounts', ...account })
      : right({ resource: 'users', name: asked.user }),
    ...asked.groups.map(name => right({ resource: 'groups', name })),
    ...[...asked.extra].flatMap(([key, values]) =>
      values.map(name => right({ group, resource: 'userextras', subresource: key, name })),
    ),
    ...(asked.uid ? [right({ group, resource: 'uids', name: asked.uid })] : []),
  ]
}
