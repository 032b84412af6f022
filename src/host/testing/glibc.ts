/** For tests of what only glibc can do. */
export function isGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime !== undefined
}

/** Why such a test is skipped elsewhere. */
export const NOT_GLIBC = 'this C library is not glibc'
