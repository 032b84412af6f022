import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { commandLineOf, findProcesses } from './background-process.ts'

test('a process has its words, and is found by them', async t => {
  const word = `a-word-of-${process.pid}`
  const child = spawn('sh', ['-c', 'read line', word], { stdio: ['pipe', 'ignore', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  while ((await commandLineOf(pid))?.length === 0);
  assert.deepEqual(await commandLineOf(pid), ['sh', '-c', 'read line', word])
  assert.deepEqual(await findProcesses(words => words.includes(word)), [pid])
  const exit = once(child, 'exit')
  child.stdin.end()
  await exit
  assert.equal(await commandLineOf(pid), undefined)
})

test('a zombie is none any more, whatever its name', async t => {
  // The shell becomes a program that never asks what became of its children.
  const child = spawn('sh', ['-c', 'sh -c "echo \\$\\$" & exec sleep 1000'])
  t.after(() => child.kill('SIGKILL'))
  const [pid] = await once(child.stdout, 'data')
  while (!readFileSync(`/proc/${Number(pid)}/stat`, 'utf8').includes(') Z '));
  assert.equal(await commandLineOf(Number(pid)), undefined)
})

const ofTheKernel = 2
const isThere = /\) [SI] /.test(statOf(ofTheKernel)) && statOf(ofTheKernel).includes('kthreadd')

// As a process is whose program has not been read from a slow disk yet: taken for dead, containerd was killed before it began.
test('who is there without words is not dead', {
  skip: !isThere && 'the threads of the kernel cannot be seen here',
}, async () => {
  assert.deepEqual(await commandLineOf(ofTheKernel), [])
})

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return ''
  }
}
