/** References to images: `registry.example:5000/team/app:1.2@sha256:…`, of which all but the path may be missing. */

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const DOMAIN_COMPONENT = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const HOST = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[a-fA-F0-9:]+\\])`
const NAME = `${HOST}(?::[0-9]+)?/${COMPONENT}(?:/${COMPONENT})*`
const ALGORITHM = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*'
const reference = new RegExp(
  `^(${NAME})(?::(\\w[\\w.-]{0,127}))?(?:@(${ALGORITHM}:[0-9a-fA-F]{32,}))?$`,
)
/** A bare text of this form was the identifier of an image once, and still can't be a name. */
const identifier = /^[a-f0-9]{64}$/
const digests = /^(sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/
const LONGEST_PATH = 255

/** `latest`, said or unsaid, may mean another image tomorrow, so it is pulled every time. What is no reference is never asked for. */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  return tagOf(image) === 'latest' ? 'Always' : 'IfNotPresent'
}

/** The tag of a reference; `latest` where it has neither tag nor digest, undefined with only a digest and of what is no reference. */
function tagOf(image: string): string | undefined {
  if (identifier.test(image)) return undefined
  const [, name = '', tag, digest] = reference.exec(withDomain(image)) ?? []
  const path = name.slice(name.indexOf('/') + 1)
  if (path === '' || path.length > LONGEST_PATH) return undefined
  if (digest === undefined) return tag ?? 'latest'
  return digests.test(digest) ? tag : undefined
}

/** What stands before the first slash is a registry only where it looks like one. */
function withDomain(image: string): string {
  const slash = image.indexOf('/')
  const first = image.slice(0, Math.max(slash, 0))
  const isDomain = /[.:A-Z]/.test(first) || first === 'localhost'
  return isDomain ? image : `docker.io/${image}`
}
