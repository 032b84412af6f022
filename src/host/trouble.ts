/** What the machine may have against us, by the code that Node gives the error, for whoever typed the command. */
export const TROUBLE: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; run it as the owner or choose another --data-dir',
  EPERM: 'not permitted; run it as the owner or choose another --data-dir',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the disk reports an input/output error',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  EEXIST: 'something that is not a directory is in its place',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many files are open',
  ENOENT: 'a part of the path does not exist',
}

/** What no program can do anything about, wherever it meets it. */
const SCARCITY: Readonly<Record<string, string>> = {
  EMFILE: 'too many files are open in this process; raise its limit (ulimit -n)',
  ENFILE: 'too many files are open on this machine',
  ENOMEM: 'the machine has too little memory left',
  EAGAIN: 'the machine has no room for more processes or memory (ulimit -u)',
  ENOSPC: 'the disk is full; free some space and start again',
  EDQUOT: 'the disk quota is used up; free some space and start again',
  EROFS: 'the file system is read-only',
  EIO: 'the disk reports an input/output error',
}

/** A sentence where the machine, and not Proa, is to blame for an error that nobody expected; else undefined. */
export function scarcityIn(error: unknown): string | undefined {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return undefined
  const reason = SCARCITY[String(error.code)]
  const path = 'path' in error && typeof error.path === 'string' ? ` ${error.path}` : ''
  return reason && `${error.syscall}${path} failed: ${reason}`
}
