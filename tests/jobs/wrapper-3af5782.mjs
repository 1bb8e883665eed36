// The wrapper of commit 3af5782 as it was: jobs that it started are taken over by today's launcher.
// Runs one job and leaves two facts behind: what it is (started.json) and how it ended (exit.json).
//
//   node wrapper.mjs <folder of the job>
//
// It runs under every launcher, so that a poll, a re-attachment and a cancellation are the same
// everywhere and do not depend on how long a scheduler remembers. Plain JavaScript without imports
// from the project: it starts in milliseconds and can be copied to a cluster as one file.
//
// Files in the folder: job.json (read), claim.json, started.json, exit.json, stdout.log, stderr.log
// (written), cancel.json or stop.json (why and how fast to end; read when a signal arrives).

import { spawn } from 'node:child_process'
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const claimedElsewhere = 90
const markerName = 'HONE_JOB_ID'
const pauseMilliseconds = 50

export function bootId() {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return null
  }
}

export function startTicks(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command's name stands in parentheses and may hold blanks and parentheses: count from the
    // last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return null
    return Number(fields[19])
  } catch {
    return null
  }
}

export function processesOf(jobId) {
  const marker = `${markerName}=${jobId}`
  const found = []
  let entries = []
  try {
    entries = readdirSync('/proc')
  } catch {
    return found
  }
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, 'latin1')
      if (environment.split('\0').includes(marker) && startTicks(Number(entry)) !== null) found.push(Number(entry))
    } catch {
      // Gone meanwhile, or another user's.
    }
  }
  return found
}

export function writeJson(path, value) {
  const draft = `${path}.${process.pid}`
  const file = openSync(draft, 'w')
  try {
    writeFileSync(file, `${JSON.stringify(value)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

function signalAll(pids, signal) {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended by itself.
    }
  }
}

export async function endProcesses(jobId, graceSeconds, except = 0) {
  const left = () => processesOf(jobId).filter((pid) => pid !== except)
  const first = left()
  signalAll(first, 'SIGTERM')
  const deadline = Date.now() + graceSeconds * 1000
  while (left().length > 0 && Date.now() < deadline) await pause(pauseMilliseconds)
  // A process that forks while we read /proc shows up in the next look.
  while (left().length > 0) {
    signalAll(left(), 'SIGKILL')
    await pause(pauseMilliseconds)
  }
  return first.length
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

/**
 * Takes the job for this process. Appears whole: a reader of half a claim would believe its owner
 * dead.
 */
function claim(folder) {
  const path = join(folder, 'claim.json')
  const draft = `${path}.draft-${process.pid}`
  const owner = { pid: process.pid, startTicks: startTicks(process.pid), bootId: bootId() }
  writeJson(draft, owner)
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    // A file system without hard links: exclusive still, though not whole at once.
    try {
      writeFileSync(path, JSON.stringify(owner), { flag: 'wx' })
      return true
    } catch (taken) {
      if (taken.code === 'EEXIST') return false
      throw taken
    }
  } finally {
    unlinkSync(draft)
  }
}

/** The grace that whoever asked for the end wants; the job's own when only a signal came. */
function graceSeconds(folder, job) {
  const asked = [readJson(join(folder, 'cancel.json')), readJson(join(folder, 'stop.json'))]
    .map((intent) => intent?.graceSeconds)
    .filter((seconds) => typeof seconds === 'number')
  return asked.length > 0 ? Math.min(...asked) : job.gracePeriodSeconds
}

function startChild(folder, job) {
  const output = (name) => openSync(join(folder, name), 'a')
  const stdio = ['ignore', output('stdout.log'), output('stderr.log')]
  // Its own group: a signal to it reaches what it started and not this process.
  const child = spawn(job.argv[0], job.argv.slice(1), { cwd: job.cwd, env: process.env, stdio, detached: true })
  stdio.slice(1).forEach(closeSync)
  return child
}

async function run(folder) {
  const job = JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8'))
  const startedAt = new Date().toISOString()
  const exit = { code: null, signal: null, error: null, stopRequested: false, leftBehind: 0, startedAt }
  const finish = () => writeJson(join(folder, 'exit.json'), { ...exit, finishedAt: new Date().toISOString() })

  let child = null
  const signalGroup = (signal) => {
    try {
      if (child?.pid !== undefined) process.kill(-child.pid, signal)
    } catch {
      // The group is empty.
    }
  }
  const stop = () => {
    if (exit.stopRequested) return
    exit.stopRequested = true
    signalGroup('SIGTERM')
    setTimeout(() => signalGroup('SIGKILL'), graceSeconds(folder, job) * 1000).unref()
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop)

  if (!claim(folder)) return claimedElsewhere
  const started = {
    pid: process.pid,
    startTicks: startTicks(process.pid),
    bootId: bootId(),
    host: hostname(),
    startedAt,
  }
  writeJson(join(folder, 'started.json'), { ...started, childPid: null, childStartTicks: null })
  // The end may have been asked for before we were there to hear a signal.
  if (readJson(join(folder, 'cancel.json')) !== null || readJson(join(folder, 'stop.json')) !== null) {
    exit.stopRequested = true
    finish()
    return 0
  }
  child = startChild(folder, job)
  const ended = new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal, error: null }))
    child.on('error', (error) => resolve({ code: null, signal: null, error: error.message }))
  })
  if (child.pid !== undefined) {
    writeJson(join(folder, 'started.json'), { ...started, childPid: child.pid, childStartTicks: startTicks(child.pid) })
  }
  Object.assign(exit, await ended)
  // Children that outlive the program (data workers, engine processes, own sessions) would keep the
  // GPU.
  signalGroup('SIGTERM')
  exit.leftBehind = await endProcesses(job.id, Math.min(graceSeconds(folder, job), 2), process.pid)
  signalGroup('SIGKILL')
  finish()
  return 0
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await run(process.argv[2])
}
