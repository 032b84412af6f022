/** Flags about what stands before the API server and behind it, and how long events live; upstream's names. */
import { durationFlag, flag, textFlag } from './flags.ts'

/** Names with commas between them; undefined where nobody said any. */
const names = (name: string, doc: string) =>
  flag<readonly string[] | undefined>(name, 'LIST', doc, text => text.split(','), undefined)

export const surroundings = {
  requestHeaderClientCaFile: textFlag(
    'requestheader-client-ca-file',
    'FILE',
    'the CA of proxies that say in headers who asks (default: front-proxy-ca in the data dir)',
    undefined,
  ),
  requestHeaderAllowedNames: names(
    'requestheader-allowed-names',
    'common names of such proxies; without any, all that the CA signed',
  ),
  requestHeaderUsernameHeaders: names(
    'requestheader-username-headers',
    'headers that name the user; X-Remote-User is usual',
  ),
  requestHeaderUidHeaders: names(
    'requestheader-uid-headers',
    'headers with the UID; X-Remote-Uid must be among them',
  ),
  requestHeaderGroupHeaders: names(
    'requestheader-group-headers',
    'headers that name groups; X-Remote-Group is usual',
  ),
  requestHeaderExtraHeadersPrefix: names(
    'requestheader-extra-headers-prefix',
    'what headers with anything else begin with; X-Remote-Extra- is usual',
  ),
  proxyClientCertFile: textFlag(
    'proxy-client-cert-file',
    'FILE',
    'certificate to show to the servers of APIServices (default: our own)',
    undefined,
  ),
  proxyClientKeyFile: textFlag('proxy-client-key-file', 'FILE', 'the key to it', undefined),
  eventTtlMs: durationFlag('event-ttl', 'how long events are kept; 0 is for ever', 60 * 60_000),
}
