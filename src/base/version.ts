/** What this is, in one place: our own version and the API level that we speak. */

/** Kept equal to package.json by a test. */
export const PROA_VERSION = '0.1.0'

const API_MAJOR = 1
const API_MINOR = 36

/** As `/version` and `proa version` tell it; clients compare the part before the plus. */
export const version = {
  major: String(API_MAJOR),
  minor: String(API_MINOR),
  gitVersion: `v${API_MAJOR}.${API_MINOR}.0+proa.${PROA_VERSION}`,
} as const
