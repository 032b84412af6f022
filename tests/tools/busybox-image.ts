/** An image for tests from Debian's busybox-static: a shell, a web server and the usual tools, a megabyte or two. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { imageTarball } from '../../src/kubelet/cri/oci-image.ts'

export const busyboxImage = 'proa.test/busybox:1'
const binary = '/bin/busybox'

/** Undefined where busybox-static is not installed. */
export function busyboxTarball(name = busyboxImage): Buffer | undefined {
  if (!existsSync(binary)) return undefined
  const applets = execFileSync(binary, ['--list'], { encoding: 'utf8' }).trim().split('\n')
  const directories = ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'root', 'home', 'var', 'www']
  return imageTarball({
    name,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    command: ['sh'],
    files: [
      ...directories.map(path => ({
        path,
        kind: 'directory' as const,
        mode: path === 'tmp' ? 0o1777 : 0o755,
      })),
      { path: 'bin/busybox', kind: 'file', mode: 0o755, bytes: readFileSync(binary) },
      ...applets
        .filter(applet => applet !== 'busybox')
        .map(applet => ({
          path: `bin/${applet}`,
          kind: 'symlink' as const,
          mode: 0o777,
          target: 'busybox',
        })),
      {
        path: 'etc/passwd',
        kind: 'file',
        mode: 0o644,
        bytes: Buffer.from(
          'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
        ),
      },
      {
        path: 'etc/group',
        kind: 'file',
        mode: 0o644,
        bytes: Buffer.from('root:x:0:\nnogroup:x:65534:\n'),
      },
    ],
  })
}
