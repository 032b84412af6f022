/** What pods say to Windows: the user, the group account, and whether they run directly on the host. */
import { type FieldError, invalid } from '../../../machinery/field-error.ts'
import { isDns1123Subdomain, utf8Length } from '../../../machinery/names.ts'
import { wrong } from '../validation.ts'
import type { Container } from './schema.container.ts'
import type { WindowsSecurityContextOptions } from './schema.security.ts'
import type { PodSpec } from './schema.ts'

const CREDENTIAL_KIB = 64
const DOMAIN_BYTES = 256
const USER_BYTES = 104
const DNS_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const dnsName = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`)
const netBiosName = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no name may have
const controlCharacters = /[\u0000-\u001f\u007f]/

export function validateWindowsOptions(
  path: string,
  options: WindowsSecurityContextOptions | undefined,
): readonly FieldError[] {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName } = options ?? {}
  const errors: FieldError[] = []
  if (name !== undefined)
    errors.push(...wrong(`${path}.gmsaCredentialSpecName`, name, isDns1123Subdomain(name)))
  if (spec === '')
    errors.push(
      invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec cannot be an empty string'),
    )
  if (utf8Length(spec ?? '') > CREDENTIAL_KIB * 1024)
    errors.push(
      invalid(
        `${path}.gmsaCredentialSpec`,
        spec,
        `gmsaCredentialSpec size must be under ${CREDENTIAL_KIB} KiB`,
      ),
    )
  if (runAsUserName !== undefined)
    for (const message of wrongUser(runAsUserName))
      errors.push(invalid(`${path}.runAsUserName`, runAsUserName, `runAsUserName${message}`))
  return errors
}

/** `DOMAIN\user` or a user alone. */
function wrongUser(text: string): string[] {
  if (text === '') return [' cannot be an empty string']
  if (controlCharacters.test(text)) return [' cannot contain control characters']
  const parts = text.split('\\')
  if (parts.length > 2) return [' cannot contain more than one backslash']
  const user = parts.at(-1) ?? ''
  const domain = parts.length === 2 ? parts[0] : undefined
  const messages: string[] = []
  if (utf8Length(domain ?? '') >= DOMAIN_BYTES)
    messages.push(`'s Domain length must be under ${DOMAIN_BYTES} characters`)
  if (domain !== undefined && !netBiosName.test(domain) && !dnsName.test(domain))
    messages.push("'s Domain doesn't match the NetBios nor the DNS format")
  if (user === '') messages.push("'s User cannot be empty")
  if (utf8Length(user) > USER_BYTES)
    messages.push(`'s User length must not be longer than ${USER_BYTES} characters`)
  if (/^[. ]+$/.test(user)) messages.push("'s User cannot contain only periods or spaces")
  if (/["/:;|=,+*?<>@[\]]/.test(user))
    messages.push('\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]')
  return messages
}

/** Either all containers run directly on the host or none does, and on its network. */
export function validateHostProcess(path: string, spec: PodSpec): readonly FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess
  const errors: FieldError[] = []
  const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const
  const all = lists.flatMap(list =>
    (spec[list] ?? []).map((container: Pick<Container, 'securityContext'>, index) => ({
      at: `${path}.${list}[${index}]`,
      own: container.securityContext?.windowsOptions?.hostProcess,
    })),
  )
  for (const { at, own } of all)
    if (ofPod !== undefined && own !== undefined && own !== ofPod)
      errors.push(
        invalid(
          `${at}.securityContext.windowsOptions.hostProcess`,
          own,
          `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
        ),
      )
  const count = all.filter(({ own }) => own ?? ofPod).length
  if (count === 0) return errors
  if (count < all.length)
    errors.push(
      invalid(
        path,
        '',
        'If pod contains any hostProcess containers then all containers must be HostProcess containers',
      ),
    )
  if (!spec.hostNetwork)
    errors.push(
      invalid(
        `${path}.hostNetwork`,
        false,
        'hostNetwork must be true if pod contains any hostProcess containers',
      ),
    )
  return errors
}
