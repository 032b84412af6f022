/**
 * The C library's heap, in which all lies that is not V8's: bodies, values, TLS, pages of SQLite. By itself glibc keeps what a load left there: freed memory
 * between what lives, an arena of its own for each thread, and of large pieces ever larger ones, once it has seen some (docs/adr/0008).
 */

const MEBIBYTE = 1024 * 1024

/** Options of glibc's `mallopt`. Each that is set also ends that malloc raises it by itself. */
const M_TRIM_THRESHOLD = -1
const M_MMAP_THRESHOLD = -3
const M_ARENA_MAX = -8

/** glibc's own values before it begins to raise them. */
const TRIM_THRESHOLD_BYTES = MEBIBYTE / 8
const MMAP_THRESHOLD_BYTES = MEBIBYTE / 8

/** What Proa asks of the C library. */
export interface Malloc {
  /** Hands back all whole pages that are free. Takes some milliseconds with hundreds of megabytes, in which the thread stands still. */
  trim(): void
}

const NOTHING: Malloc = { trim() {} }

/**
 * Keeps malloc from hoarding, for the whole process from now on. Where it is not glibc, or Node cannot call it (before 26.1, or where it is not allowed
 * to), everything stays as it is.
 */
export function boundMalloc(): Malloc {
  const glibc = loadGlibc()
  if (!glibc) return NOTHING
  const { mallopt, malloc_trim: trim } = glibc
  // One thread allocates nearly everything; the others would have 64 MB of addresses each to scatter the rest over.
  mallopt(M_ARENA_MAX, 1)
  mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES)
  mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES)
  return { trim: () => void trim(0n) }
}

function loadGlibc() {
  const { emitWarning } = process
  // That the module is experimental is nothing that whoever starts a cluster could mend.
  process.emitWarning = () => {}
  try {
    const ffi = process.getBuiltinModule('node:ffi')
    return ffi?.dlopen(null, {
      mallopt: { arguments: ['int32', 'int32'], return: 'int32' },
      malloc_trim: { arguments: ['uint64'], return: 'int32' },
    }).functions
  } catch {
    return undefined
  } finally {
    process.emitWarning = emitWarning
  }
}
