/** How a server is told to reach a webhook, of admission and of conversion alike. */
import { type FieldError, invalid, required } from './field-error.ts'
import { type UrlParts, urlParts, WrongUrl } from './go-url.ts'
import { isDns1123Subdomain, isPortNumber } from './names.ts'

interface WebhookService {
  readonly namespace: string
  readonly name: string
  readonly path?: string
  readonly port?: number
}

export interface WebhookClient {
  readonly url?: string
  readonly service?: WebhookService
}

export function validateWebhookClient(
  path: string,
  { url, service }: WebhookClient,
): readonly FieldError[] {
  if (url === undefined && service) return validateService(`${path}.service`, service)
  return url === undefined || service
    ? [required(path, 'exactly one of url or service is required')]
    : validateUrl(`${path}.url`, url)
}

const FORM = '; desired format: https://host[/path]'

function validateUrl(field: string, text: string): readonly FieldError[] {
  const parts = partsOf(text)
  if (typeof parts === 'string')
    return [
      required(field, `url must be a valid URL: parse ${JSON.stringify(text)}: ${parts}${FORM}`),
    ]
  const { scheme, host, user, query, fragment } = parts
  const errors = []
  if (scheme !== 'https')
    errors.push(invalid(field, scheme, `'https' is the only allowed URL scheme${FORM}`))
  if (host === '') errors.push(invalid(field, host, `host must be specified${FORM}`))
  if (user !== undefined)
    errors.push(invalid(field, user, 'user information is not permitted in the URL'))
  if (fragment) errors.push(invalid(field, fragment, 'fragments are not permitted in the URL'))
  if (query) errors.push(invalid(field, query, 'query parameters are not permitted in the URL'))
  return errors
}

/** Or why it has none. */
function partsOf(text: string): UrlParts | string {
  try {
    return urlParts(text)
  } catch (thrown) {
    if (!(thrown instanceof WrongUrl)) throw thrown
    return thrown.message
  }
}

function validateService(
  path: string,
  { namespace, name, path: urlPath, port = 0 }: WebhookService,
): readonly FieldError[] {
  const portProblems = isPortNumber(port)
  return [
    // Upstream says of each that the other is missing, and programs may look for that.
    ...(namespace ? [] : [required(`${path}.name`)]),
    ...(name ? [] : [required(`${path}.namespace`)]),
    ...(portProblems.length === 0
      ? []
      : [invalid(`${path}.port`, port, `port is not valid: ${portProblems.join(', ')}`)]),
    ...validatePath(`${path}.path`, urlPath),
  ]
}

function validatePath(field: string, path = ''): readonly FieldError[] {
  if (path === '' || path === '/') return []
  if (path === '//') return [invalid(field, path, 'segment[0] may not be empty')]
  const errors = path.startsWith('/') ? [] : [invalid(field, path, "must start with a '/'")]
  const segments = path.slice(1).replace(/\/$/, '').split('/')
  for (const [index, segment] of segments.entries()) {
    if (segment === '') errors.push(invalid(field, path, `segment[${index}] may not be empty`))
    else
      for (const problem of isDns1123Subdomain(segment))
        errors.push(invalid(field, path, `segment[${index}]: ${problem}`))
  }
  return errors
}
