/** Where a program keeps what is a user's own, as each system has it. */
import { homedir } from 'node:os'
import { join } from 'node:path'

interface Home {
  readonly platform: string
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

const own = (): Home => ({
  platform: process.platform,
  directory: homedir(),
  environment: process.env,
})

/** What has to stay: where XDG's variable says, else where the system has it. */
export function userDataDirectory(home: Home = own()): string {
  const named = home.environment.XDG_DATA_HOME
  if (named) return join(named, 'proa')
  if (home.platform === 'win32') return join(localDirectory(home), 'proa')
  return join(home.directory, '.local', 'share', 'proa')
}

/** What can be made again. */
export function userCacheDirectory(home: Home = own()): string {
  const named = home.environment.XDG_CACHE_HOME
  if (named) return join(named, 'proa')
  if (home.platform === 'win32') return join(localDirectory(home), 'proa', 'cache')
  return join(home.directory, '.cache', 'proa')
}

/** Of Windows, for what does not roam with its user. */
function localDirectory({ environment, directory }: Home): string {
  return environment.LOCALAPPDATA || join(directory, 'AppData', 'Local')
}
