import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '../../../domain/errors.ts'

const pauseMs = 20
const patienceMs = 3000

/**
 * Listens on a name of Linux's abstract socket space. Null when another process, or another caller
 * in this process, listens on it.
 */
function tryListen(name: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error) => (errorCode(error) === 'EADDRINUSE' ? resolve(null) : reject(error)))
    server.listen({ path: `\0${name}` }, () => resolve(server))
  })
}

/**
 * Runs `work` while nobody else on this machine does so for the same folder. The kernel gives the
 * lock back when its holder dies, however it dies, so there is no stale lock to judge. Null without
 * a call of `work`: the lock was taken for seconds, and its holder does the same work.
 */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T | null> {
  const path = await realpath(folder)
  const name = `hone-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`
  const deadline = Date.now() + patienceMs
  let lock = await tryListen(name)
  while (lock === null) {
    if (Date.now() > deadline) return null
    await sleep(pauseMs)
    lock = await tryListen(name)
  }
  const held = lock
  try {
    return await work()
  } finally {
    await new Promise((resolve) => held.close(resolve))
  }
}
