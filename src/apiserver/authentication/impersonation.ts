/**
 * Acting as somebody else (`kubectl --as`). Either for this one action (constrained impersonation, KEP-5284): then whoever really asks needs the
 * right to do it as another, and the right to be that one; or for whatever that one may do, which takes the verb `impersonate`. Each part of
 * the user is a right of its own: name, uid, every group and every extra value are authorized one by one; one refusal refuses them together.
 */
import { goQuote } from '#api/machinery/go-quote.ts'
import { isDns1123Label, isDns1123Subdomain } from '#api/machinery/names.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type Attributes, type Authorizer, forbiddenBy } from '../authorization/authorizer.ts'
import { inOneText } from '../configuration/field-errors.ts'
import { withAuthenticatedGroup } from './authentication.ts'
import {
  ALL_UNAUTHENTICATED,
  anonymous,
  NODE_USER_PREFIX,
  SERVICE_ACCOUNT_USER_PREFIX,
  SYSTEM_MASTERS,
  SYSTEM_NODES,
  serviceAccountUser,
  type UserInfo,
} from './authenticator.ts'
import { domainPrefixErrors } from './extra-key.ts'
import type { ImpersonationFigures } from './impersonation-figures.ts'
import type { NamedUser } from './impersonation-headers.ts'

export interface ImpersonationOptions {
  readonly authorizer: Authorizer
  /** Whether rights for single actions count; upstream's feature gate ConstrainedImpersonation. */
  readonly isConstrained: boolean
  readonly figures?: ImpersonationFigures
}

export interface Impersonation {
  readonly user: UserInfo
  /** By which verb it was allowed where it was for this action alone, as the audit log tells it. */
  readonly constraint?: string
}

/** One way to be allowed to be somebody. */
interface Mode {
  readonly name: string
  /** What the user has to say to be that one. */
  readonly groups: readonly string[]
  readonly rights: readonly Attributes[]
  readonly constraint?: string
}

/** `request` is what is asked for, by whoever really asks. Throws Forbidden, for the first reason that there is. */
export async function impersonated(
  named: NamedUser,
  request: Attributes,
  options: ImpersonationOptions,
): Promise<Impersonation> {
  const { isConstrained, figures } = options
  const began = figures?.begin() ?? 0
  let refusal: unknown
  const modes = [...(isConstrained ? constrainedModes(named, request) : []), legacy(named, request)]
  for (const mode of modes)
    try {
      await judge(mode, options)
      figures?.attempted(began, mode.name, true)
      const { groups, constraint } = mode
      return { user: userOf(named, groups), ...(constraint ? { constraint } : {}) }
    } catch (error) {
      if (!isStatus(error, 'Forbidden')) throw error
      refusal ??= error
    }
  figures?.attempted(began, '', false)
  throw refusal
}

async function judge({ name, rights }: Mode, options: ImpersonationOptions): Promise<void> {
  const { authorizer, figures } = options
  for (const right of rights) {
    refuseNever(right)
    const began = figures?.begin() ?? 0
    const { verdict, reason } = await authorizer.authorize(right)
    figures?.asked(began, name, verdict === 'allow')
    if (verdict !== 'allow') throw forbiddenBy(right, reason)
  }
}

/** What no right for a single action is for: it is not to become one for everything. Throws Forbidden. */
function refuseNever(right: Attributes): void {
  const { verb, resource, subresource, name } = right
  if (verb !== 'impersonate:user-info') return
  const never = (what: string, of = right) =>
    forbiddenBy(of, `impersonating ${what} is not allowed`)
  if (resource === 'groups') {
    if (name === '') throw never('the empty string group')
    if (name === SYSTEM_MASTERS) throw never(`the ${SYSTEM_MASTERS} group`)
  }
  if (resource !== 'userextras') return
  const extras = { ...right, subresource: '', name: '' }
  const neverKey = (what: string, why: string) =>
    forbiddenBy(extras, `impersonating ${what} key in extra is not allowed: ${why}`)
  if (subresource === '') throw never('the empty string key in extra', extras)
  if (subresource !== subresource.toLowerCase())
    throw neverKey('a non-lowercase', goQuote(subresource))
  const wrong = domainPrefixErrors(subresource, 'extra.key')
  if (wrong.length > 0) throw neverKey('an invalid', inOneText(wrong))
  if (name === '') throw never('the empty string value in extra', extras)
}

function userOf({ name, uid, extra }: NamedUser, groups: readonly string[]): UserInfo {
  const isUnknown = name === anonymous.name && !groups.includes(ALL_UNAUTHENTICATED)
  return withAuthenticatedGroup({
    name,
    ...(uid ? { uid } : {}),
    groups: isUnknown ? [...groups, ALL_UNAUTHENTICATED] : groups,
    ...(extra.size > 0 ? { extra: Object.fromEntries(extra) } : {}),
  })
}

/** Nodes and service accounts are who they are: nobody says more of them than their name. */
function constrainedModes(named: NamedUser, request: Attributes): readonly Mode[] {
  const { name, uid, groups, extra } = named
  const isPlain = uid === '' && groups.length === 0 && extra.size === 0
  const node = nodeIn(name)
  if (node !== undefined) {
    if (!isPlain) return []
    const modeOf = (mode: string, which: string) =>
      constrained(mode, request, [SYSTEM_NODES], [{ resource: 'nodes', name: which }])
    const arbitrary = modeOf('arbitrary-node', node)
    return isOnNode(request.user, node) ? [modeOf('associated-node', '*'), arbitrary] : [arbitrary]
  }
  const account = serviceAccountIn(name)
  if (!account) {
    const parts = partsOf(named, { resource: 'users', name })
    return [constrained('user-info', request, groups, parts)]
  }
  const right = { resource: 'serviceaccounts', ...account }
  return isPlain ? [constrained('serviceaccount', request, groupsOf(account), [right])] : []
}

type Part = Pick<Attributes, 'resource' | 'name'> & Partial<Attributes>
const GROUP = 'authentication.k8s.io'

function constrained(
  name: string,
  request: Attributes,
  groups: readonly string[],
  parts: readonly Part[],
): Mode {
  const constraint = `impersonate:${name}`
  const { user } = request
  const action = { ...request, verb: `impersonate-on:${name}:${request.verb}` }
  const identity = parts.map(part => rightOf(user, constraint, { ...part, group: GROUP }))
  return { name, groups, rights: [action, ...identity], constraint }
}

function legacy(named: NamedUser, { user }: Attributes): Mode {
  const { name, groups } = named
  const account = serviceAccountIn(name)
  const first = account ? { resource: 'serviceaccounts', ...account } : { resource: 'users', name }
  return {
    name: 'legacy',
    groups: account && groups.length === 0 ? groupsOf(account) : groups,
    rights: partsOf(named, first).map(part => rightOf(user, 'impersonate', part)),
  }
}

const partsOf = ({ uid, groups, extra }: NamedUser, first: Part): Part[] => [
  first,
  ...(uid ? [{ group: GROUP, resource: 'uids', name: uid }] : []),
  ...groups.map(name => ({ resource: 'groups', name })),
  ...[...extra].flatMap(([key, values]) =>
    values.map(name => ({ group: GROUP, resource: 'userextras', subresource: key, name })),
  ),
]

const rightOf = (user: UserInfo, verb: string, part: Part): Attributes => ({
  user,
  verb,
  group: '',
  version: 'v1',
  subresource: '',
  namespace: '',
  path: '',
  isResourceRequest: true,
  ...part,
})

interface Account {
  readonly namespace: string
  readonly name: string
}

/** What no service account can be called is a user like any other. */
function serviceAccountIn(user: string): Account | undefined {
  if (!user.startsWith(SERVICE_ACCOUNT_USER_PREFIX)) return undefined
  const [namespace = '', name = '', ...more] = user
    .slice(SERVICE_ACCOUNT_USER_PREFIX.length)
    .split(':')
  const isOne =
    more.length === 0 &&
    isDns1123Label(namespace).length === 0 &&
    isDns1123Subdomain(name).length === 0
  return isOne ? { namespace, name } : undefined
}

const groupsOf = ({ namespace, name }: Account) => serviceAccountUser(namespace, name).groups

function nodeIn(user: string): string | undefined {
  if (!user.startsWith(NODE_USER_PREFIX)) return undefined
  const name = user.slice(NODE_USER_PREFIX.length)
  return isDns1123Subdomain(name).length === 0 ? name : undefined
}

/** Its token was made for a pod on that node. */
function isOnNode({ name, extra }: UserInfo, node: string): boolean {
  const nodes = extra?.['authentication.kubernetes.io/node-name'] ?? []
  return serviceAccountIn(name) !== undefined && nodes.length === 1 && nodes[0] === node
}
