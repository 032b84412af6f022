/** Flags by which machines come into a cluster; kubeadm's names. */
import { durationFlag, switchFlag, textFlag } from './flags.ts'
import { listFlag } from './lists.ts'

export const token = {
  ttlMs: durationFlag('ttl', 'how long the token is good; 0 is for ever', 24 * 60 * 60_000),
  description: textFlag('description', 'TEXT', 'what people are told of the token', undefined),
  printJoinCommand: switchFlag(
    'print-join-command',
    'print what to type on the machine that joins',
  ),
}

export const joining = {
  token: textFlag('token', 'TOKEN', 'what "proa token create" printed', undefined),
  caCertHashes: listFlag(
    'discovery-token-ca-cert-hash',
    'sha256:HASH',
    "of the public key of the cluster's authority, as it was printed with the token",
    [],
  ),
  skipsCaVerification: switchFlag(
    'discovery-token-unsafe-skip-ca-verification',
    'believe whoever knows the token',
  ),
}
