import { unknownResource } from '../resources/unknown-resource.ts'
import { respondValue } from '../respond.ts'
import { onlyGet } from '../steps/method-not-allowed.ts'
import type { Endpoint } from './endpoints.ts'

export interface VersionInfo {
  readonly major: string
  readonly minor: string
  readonly emulationMajor: string
  readonly emulationMinor: string
  readonly minCompatibilityMajor: string
  readonly minCompatibilityMinor: string
  readonly gitVersion: string
  readonly gitCommit: string
  readonly gitTreeState: string
  readonly buildDate: string
  readonly goVersion: string
  readonly compiler: string
  readonly platform: string
}

/** The level of the API that is served, and which Proa serves it. */
export function versionInfo(proaVersion: string): VersionInfo {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  return {
    major: '1',
    minor: '36',
    emulationMajor: '1',
    emulationMinor: '36',
    minCompatibilityMajor: '1',
    minCompatibilityMinor: '35',
    gitVersion: `v1.36.0+proa.${proaVersion}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    // Clients print these two and expect them to be there; ours are what runs instead.
    goVersion: `node ${process.version}`,
    compiler: 'v8',
    platform: `${process.platform}/${architecture}`,
  }
}

export const version: Endpoint = exchange => {
  if (!/^\/version\/*$/.test(exchange.info.path)) throw unknownResource()
  onlyGet(exchange)
  return respondValue(exchange, 200, exchange.server.version)
}
