/** Flags of the dashboard: its own command's, and the one by which `proa up` opens it, too. */
import { UserError } from '#base/errors.ts'
import { flag, portFlag, switchFlag, textFlag } from './flags.ts'

/** The port of kubectl proxy, in whose place it stands. */
const DASHBOARD_PORT = 8001

const flags = {
  kubeconfig: textFlag(
    'kubeconfig',
    'FILE',
    'how to reach the API server, and as whom (default: $KUBECONFIG, the admin.conf of proa up, or ~/.kube/config)',
    undefined,
  ),
  context: textFlag('context', 'NAME', 'which context of it (default: the current one)', undefined),
  port: portFlag('port', 'port of the pages; 0 takes a free one', DASHBOARD_PORT),
  bindAddress: flag(
    'bind-address',
    'IP',
    'where they are served; whoever else can reach it needs the token, but may read along',
    text => {
      if (!/^[0-9a-fA-F:.]+$/.test(text))
        throw new UserError(`--bind-address wants an IP address, not "${text}"`)
      return text
    },
    '127.0.0.1',
  ),
}

export const dashboard = {
  doc: 'serve web pages of a cluster for a browser on this machine',
  flags,
}

export const dashboardOfUp = {
  dashboard: switchFlag(
    'dashboard',
    'serve web pages of the cluster for this machine, on a free port, and print their address',
  ),
}
