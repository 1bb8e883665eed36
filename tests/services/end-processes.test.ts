import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { endProcesses } from '../../services/end-processes.ts'
import { descendants, identify } from '../../services/identity.ts'

/** Starts a shell script and waits until it says that it runs. */
async function shell(script: string): Promise<number> {
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

const living = (pids: number[]) => () => pids.filter((pid) => identify(pid) !== null)

test('a process that ends when it is asked is not killed', async () => {
  const pid = await shell('trap "exit 0" TERM; echo up; while :; do sleep 0.05; done')
  await endProcesses(living([pid]), { graceSeconds: 60 })
  expect(identify(pid)).toBeNull()
})

test('a process that does not listen is killed after the grace', async () => {
  const pid = await shell('trap "" TERM; echo up; while :; do sleep 0.05; done')
  await endProcesses(living([pid]), { graceSeconds: 0.1 })
  expect(identify(pid)).toBeNull()
})

test('a process that will end by itself gets no signal', async () => {
  const pid = await shell('trap "exit 9" TERM; echo up; sleep 0.2')
  const signals: number[] = []
  await endProcesses(
    () => {
      const left = living([pid])()
      signals.push(...left)
      return left
    },
    { graceSeconds: 60, stopSignal: null },
  )
  expect(signals.length).toBeGreaterThan(0)
  expect(identify(pid)).toBeNull()
})

test('descendants are children and their children, without zombies', async () => {
  const pid = await shell('sh -c "echo up; sleep 30; true" & wait; true')
  const below = descendants(pid)
  expect(below.length).toBeGreaterThanOrEqual(1)
  expect(descendants(process.pid)).toEqual(expect.arrayContaining([pid, ...below]))
  await endProcesses(living([pid, ...below]), { graceSeconds: 0 })
  expect(descendants(process.pid)).not.toContain(pid)
})
