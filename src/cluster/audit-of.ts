/** The audit log of a server that has one, loaded with the first of those. */
import { systemFiles } from '#host/files.ts'
import type { AuditOptions } from './audit-options.ts'
import type { AuditSurroundings, OpenAudit } from './open-audit.ts'

/** Throws a UserError. */
export async function auditOf({
  audit,
  clock,
  random,
  log,
}: Omit<AuditSurroundings, 'files'> & { readonly audit?: AuditOptions }): Promise<
  OpenAudit | undefined
> {
  if (!audit) return undefined
  const { openAudit } = await import('./open-audit.ts')
  return openAudit(audit, { files: systemFiles, clock, random, log })
}
