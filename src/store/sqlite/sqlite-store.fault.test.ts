import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Stands before the C library's own calls in the child process alone. */
const badDisk = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
int fsync(int file) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  if (access(getenv("FAULT_FAIL"), F_OK) == 0) { errno = EIO; return -1; }
  if (access(getenv("FAULT_SLOW"), F_OK) == 0) usleep(100000);
  return real(file);
}
int fdatasync(int file) { return fsync(file); }
`

test('a slow disk delays what is visible, and a failing one fails only writes', t => {
  const root = mkdtempSync(join(tmpdir(), 'proa-fault-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const source = join(root, 'disk.c')
  const library = join(root, 'disk.so')
  writeFileSync(source, badDisk)
  const built = spawnSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl'])
  if (built.status !== 0) return t.skip('no C compiler here to build the bad disk with')
  const script = fileURLToPath(new URL('../testing/fault-life.ts', import.meta.url))
  const life = spawnSync(process.execPath, [script, join(root, 'data')], {
    encoding: 'utf8',
    env: {
      ...process.env,
      LD_PRELOAD: library,
      FAULT_FAIL: join(root, 'fail'),
      FAULT_SLOW: join(root, 'slow'),
    },
  })
  assert.equal(life.stderr, '')
  assert.equal(life.stdout, 'lived\n')
})
