/** Tables of headers that both ends of a connection keep (RFC 7541, section 2.3 and appendix A). */

export interface HeaderField {
  readonly name: string
  readonly value: string
}

/** `name` alone, or `name: value`, in the order of their indexes. */
const STATIC_TEXT = `:authority
:method: GET
:method: POST
:path: /
:path: /index.html
:scheme: http
:scheme: https
:status: 200
:status: 204
:status: 206
:status: 304
:status: 400
:status: 404
:status: 500
accept-charset
accept-encoding: gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`

/** The field of index 1 comes first. */
export const staticTable: readonly HeaderField[] = STATIC_TEXT.split('\n').map(line => {
  const [name = '', value = ''] = line.split(/(?<=.): /)
  return Object.freeze({ name, value })
})

/** What both ends keep at first, and here always. */
export const TABLE_BYTES = 4096
/** What a field counts for beside its texts. */
export const FIELD_OVERHEAD_BYTES = 32

export const sizeOfField = ({ name, value }: HeaderField): number =>
  name.length + value.length + FIELD_OVERHEAD_BYTES
