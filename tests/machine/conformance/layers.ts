/** Layers of the test images: what goes into each of them, and how it is packed so that the same files give the same bytes. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { UserError } from '#base/errors.ts'

export interface LayerJob {
  /** The tar archive to write. */
  readonly file: string
  readonly cache: string
  readonly program: (name: 'agnhost' | 'sample-apiserver') => string
}

type Layer = (job: LayerJob) => void | Promise<void>

/** What tests call in agnhost's and nginx's images: names looked up, pages fetched, links and ports looked at, capabilities shown. */
const DEBIAN_PACKAGES =
  'bind9-dnsutils ca-certificates curl iproute2 libcap2-bin net-tools netcat-openbsd nginx-light openssl procps wget'

/** A small Debian, which needs root once. */
export const debianLayer: Layer = ({ file, cache }) => {
  const made = createHash('sha256').update(DEBIAN_PACKAGES).digest('hex').slice(0, 8)
  const root = join(cache, `debian-${made}`)
  if (!existsSync(root)) {
    const unfinished = `${root}.unfinished`
    rmSync(unfinished, { recursive: true, force: true })
    const include = `--include=${DEBIAN_PACKAGES.replaceAll(' ', ',')}`
    run('debootstrap', ['--variant=minbase', include, debianSuite(), unfinished])
    for (const part of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man'])
      rmSync(join(unfinished, part), { recursive: true, force: true })
    renameSync(unfinished, root)
  }
  pack(root, file, '--exclude=./dev/*', '--exclude=./proc/*')
}

/** A shell in the place of Debian's that knows `[[`, as that of upstream's images does: probes of tests use it. */
export const shellLayer: Layer = job =>
  packed(job, root => {
    unpacked('busybox', files => place(root, 'usr/bin/busybox', join(files, 'bin/busybox')))
    symlinkSync('busybox', join(root, 'usr/bin/sh'))
  })

/** `agnhost-2` is what a test starts in the place of the image's own command, to see that it can. */
export const agnhostLayer: Layer = job =>
  packed(job, root => {
    place(root, 'agnhost', job.program('agnhost'))
    mkdirSync(join(root, 'uploads'))
    symlinkSync('agnhost', join(root, 'agnhost-2'))
    selfSigned(join(root, 'localhost.crt'), join(root, 'localhost.key'))
  })

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'

/**
 * Upstream's busybox hands on variables whose names are no identifiers, such as `data-1`, which pods may have; the shell of Debian's drops
 * them when it starts. So they are put aside before it does, in the variable `WITHHELD`, and `env` shows them again.
 */
const SHELL_SCRIPT = `#!/bin/busybox sh
WITHHELD=$(tr '\\0' '\\n' </proc/$$/environ | grep '^[^=]*[^A-Za-z0-9_=][^=]*=') && export WITHHELD
exec -a "$0" /bin/busybox "$@"
`
const ENV_SCRIPT = `#!/bin/busybox sh
[ $# -eq 0 ] || exec /bin/busybox env "$@"
withheld=$WITHHELD
unset WITHHELD
/bin/busybox env
[ -z "$withheld" ] || echo "$withheld"
`

/** The one of Debian's two busyboxes whose shell looks for programs before it takes its own, so that `env` can be ours. */
export const busyboxLayer: Layer = job =>
  packed(job, root => {
    const busybox = join(root, 'bin', 'busybox')
    const directories = 'bin dev etc home lib mnt proc root sys usr var/www'
    for (const path of directories.split(' ')) mkdirSync(join(root, path), { recursive: true })
    mkdirSync(join(root, 'tmp'))
    run('chmod', ['1777', join(root, 'tmp')])
    unpackProgram('busybox', 'bin/busybox', root)
    writeFileSync(join(root, 'bin', 'sh'), SHELL_SCRIPT, { mode: 0o755 })
    writeFileSync(join(root, 'bin', 'env'), ENV_SCRIPT, { mode: 0o755 })
    const applets = run(busybox, ['--list']).trim().split('\n')
    for (const applet of applets) {
      const path = join(root, 'bin', applet)
      if (!existsSync(path)) symlinkSync('busybox', path)
    }
    writeFileSync(join(root, 'etc', 'passwd'), PASSWD)
    writeFileSync(join(root, 'etc', 'group'), 'root:x:0:\nnogroup:x:65534:\n')
  })

const NGINX = `daemon off;
user root;
worker_processes 1;
events { worker_connections 256; }
http { access_log /dev/stdout; error_log /dev/stderr; server { listen 80; root /usr/share/nginx/html; } }
`

/** Debian's nginx, set up as upstream's image is: in the foreground, with a page that tests move away and back. */
export const nginxLayer: Layer = job =>
  packed(job, root => {
    const [settings, pages] = ['etc/nginx', 'usr/share/nginx/html'].map(path => join(root, path))
    for (const path of [settings, pages]) mkdirSync(path ?? '', { recursive: true })
    writeFileSync(join(settings ?? '', 'nginx.conf'), NGINX)
    writeFileSync(join(pages ?? '', 'index.html'), '<html><body>Welcome to nginx!</body></html>\n')
  })

export const etcdLayer: Layer = job =>
  packed(job, root => place(root, 'usr/local/bin/etcd', '/usr/bin/etcd'))

export const sampleLayer: Layer = job =>
  packed(job, root => place(root, 'kube-sample-apiserver', job.program('sample-apiserver')))

/** Upstream's images are made of Alpine, and a test looks at this file to see what lies in a volume. */
const OS_RELEASE = 'NAME="Alpine Linux"\nID=alpine\nPRETTY_NAME="what stands in for Alpine Linux"\n'

/** A page that tells which image it is from. */
export const pageLayer =
  (name: string): Layer =>
  job =>
    packed(job, root => {
      writeFileSync(join(root, 'data.json'), `{"image": "${name}.jpg"}\n`)
      writeFileSync(join(root, `${name}.jpg`), name)
      mkdirSync(join(root, 'etc'))
      writeFileSync(join(root, 'etc', 'os-release'), OS_RELEASE)
    })

function packed(job: LayerJob, fill: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'proa-layer-'))
  try {
    run('chmod', ['755', root])
    fill(root)
    pack(root, job.file)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function place(root: string, path: string, source: string): void {
  const target = join(root, path)
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(source, target)
  run('chmod', ['755', target])
}

/** A program of a Debian package that need not be installed, with the libraries that it loads. */
function unpackProgram(name: string, path: string, root: string): void {
  unpacked(name, files => place(root, path, join(files, path)))
  const libraries = run('ldd', [join(root, path)]).matchAll(/(?:=> |\s)(\/\S+)/g)
  for (const [, library = ''] of libraries) place(root, library.slice(1), library)
}

/** Gives the files of a package of Debian's. */
function unpacked(name: string, take: (files: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'proa-package-'))
  try {
    run('apt-get', ['download', '-q', name], directory)
    for (const file of readdirSync(directory)) run('dpkg', ['-x', file, 'files'], directory)
    take(join(directory, 'files'))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const SAME_BYTES = ['--sort=name', '--mtime=@0', '--numeric-owner']

function pack(root: string, file: string, ...more: string[]): void {
  // Debian's root file system has users of its own; the others are root's.
  run('tar', ['-C', root, ...SAME_BYTES, ...more, '-cf', file, '.'])
}

/** For agnhost's servers of HTTPS, whose callers trust nobody anyway. */
function selfSigned(certificate: string, key: string): void {
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  run('openssl', ['req', ...kind, '-days', '3650', ...names, '-keyout', key, '-out', certificate])
  run('chmod', ['644', key])
}

/** The release that this machine has, whose packages it can reach. */
const debianSuite = () => run('sh', ['-c', '. /etc/os-release; printf %s "$VERSION_CODENAME"'])

function run(program: string, words: readonly string[], cwd?: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8', cwd })
  if (status === 0) return stdout
  const complaint = error?.message ?? (stderr || stdout).trim().split('\n').slice(-3).join('; ')
  throw new UserError(`${program} failed: ${complaint}`)
}
