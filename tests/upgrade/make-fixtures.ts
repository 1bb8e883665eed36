import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { z } from 'zod'
import { baseModelName } from '../../demo/base-model.ts'
import { bringUpPostgres, findPostgres } from '../../services/postgres.ts'
import { bringUpPython, trainerFolder } from '../../services/python.ts'
import { campaignWorld } from '../chaos/campaign-world.ts'
import type { CampaignWorld } from '../chaos/campaign-world.ts'
import { dumpDatabase } from './database-text.ts'
import { campaign, hostField, marks, replaceBelow } from './marks.ts'
import type { State } from './marks.ts'

/*
 * Makes the fixtures: the home of a campaign that Hone of an older commit ran, at three moments. To
 * make them again, copy this folder into a checkout of that commit and run `npx tsx
 * tests/upgrade/make-fixtures.ts` there: then all other imports are from that commit.
 */

const here = fileURLToPath(new URL('.', import.meta.url))
const fixtures = join(here, 'fixtures')
const checkout = join(here, '..', '..')
const run = promisify(execFile)

/** A tenth of a million parameters, so that five copies of the weights make a small file. */
const tinyModel = {
  steps: 120,
  batchSize: 16,
  learningRate: 3e-3,
  seed: 1,
  hiddenSize: 32,
  layers: 1,
  visionHiddenSize: 32,
  visionDepth: 1,
}

/** Replaces the world's base model by an even smaller model. */
async function tinyBase(root: string): Promise<string> {
  const name = baseModelName(trainerFolder)
  const target = join(root, 'cache', 'models', name)
  rmSync(target, { recursive: true })
  const config = join(root, 'tiny.json')
  const places = {
    corpus: join(root, 'world', 'base-corpus.jsonl'),
    vocabulary: join(root, 'world', 'vocabulary.txt'),
    output: target,
    metrics: join(root, 'tiny-metrics.jsonl'),
    result: join(root, 'tiny-result.json'),
  }
  writeFileSync(config, JSON.stringify({ kind: 'base', ...places, ...tinyModel }))
  const python = await bringUpPython()
  const env = { ...process.env, ...python.env }
  await run(python.python, ['-m', 'hone_trainer', 'base', '--config', config], { env })
  return join('cache', 'models', name)
}

/**
 * The old command's output about the rounds that have ended. Today's output is compared with it.
 */
async function told(world: CampaignWorld): Promise<object> {
  const rounds = z.looseObject({ rounds: z.array(z.looseObject({ round: z.int(), status: z.string() })) })
  const row = z.object({ number: z.int(), checkpoint: z.string() })
  const closed = await world.query(
    row,
    `select number, checkpoint_id as checkpoint from rounds where status = 'closed' order by number`,
  )
  return {
    rounds: await world.json(rounds, 'rounds', campaign),
    shown: await Promise.all(closed.map(({ number }) => world.json(z.unknown(), 'show', campaign, String(number)))),
    lineage: await Promise.all(closed.map(({ checkpoint }) => world.json(z.unknown(), 'lineage', checkpoint))),
  }
}

/**
 * Stores the home in its present state: database, run folders without weights, and the old
 * command's output. The home's Postgres must run.
 */
async function keep(world: CampaignWorld, state: State): Promise<void> {
  const root = dirname(world.home)
  const staging = join(root, 'staging')
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(staging)
  cpSync(join(world.home, 'runs'), join(staging, 'home', 'runs'), {
    recursive: true,
    filter: (source) => !['checkpoints', 'output', 'snapshots'].includes(basename(source)),
  })
  const client = new Client({ connectionString: findPostgres(world.home, {}) ?? '' })
  await client.connect()
  const dump = await dumpDatabase(client)
  await client.end()
  writeFileSync(join(staging, 'database.copy'), dump)
  writeFileSync(join(staging, 'told.json'), `${JSON.stringify(await told(world), null, 1)}\n`)
  replaceBelow(staging, [
    [root, marks.root],
    [checkout.replace(/\/$/, ''), marks.checkout],
    [hostField(hostname()), hostField(marks.host)],
  ])
  mkdirSync(fixtures, { recursive: true })
  await run('tar', ['-czf', join(fixtures, `${state}.tar.gz`), '-C', staging, ...readdirSync(staging)])
  console.log(`${state}: kept`)
}

/** Pictures, the base model and the weights that any of the states continues from. */
async function keepArtifacts(world: CampaignWorld, base: string): Promise<void> {
  const weights = await world.query(
    z.object({ id: z.string() }),
    `select checkpoint_id as id from checkpoint_steps join steps on steps.id = step_id
     where (round_number, name) in ((1, 'rl'), (2, 'sft'), (3, 'rl'))`,
  )
  const store = join('home', 'artifacts')
  const kept = [base, join(store, 'images'), ...weights.map(({ id }) => join(store, 'checkpoints', id))]
  await run('tar', ['-czf', join(fixtures, 'artifacts.tar.gz'), '-C', dirname(world.home), ...kept])
}

/**
 * Waits until a step of round 2 has a trainer's checkpoint, so that the step is in the middle of
 * its work.
 */
async function untilSaved(world: CampaignWorld, step: string, trainStep: number): Promise<void> {
  const saved = join(world.home, 'runs', `${campaign}~2~${step}~attempt-1`, 'checkpoints', `checkpoint-${trainStep}`)
  while (!existsSync(join(saved, 'trainer_state.json'))) await sleep(10)
}

async function killAllButServers(world: CampaignWorld): Promise<void> {
  const doomed = world.processes().filter(({ command }) => !/postgres|temporal/.test(command))
  for (const { pid } of doomed) process.kill(pid, 'SIGKILL')
  await sleep(1000)
}

const world = await campaignWorld({ latencyMs: 0, isForDemo: true })
try {
  const root = dirname(world.home)
  const base = await tinyBase(root)
  const recipe = join(root, `${campaign}.yaml`)
  cpSync(join(here, `${campaign}.yaml`), recipe)
  const dev = async () => {
    const running = world.background('dev', '--demo')
    await running.says(/Ctrl-C ends all of it/)
    return running
  }

  await dev()
  await world.json(z.unknown(), 'start', recipe)
  await untilSaved(world, 'sft', 20)
  await killAllButServers(world)
  await keep(world, 'killed-in-sft')

  const second = await dev()
  await untilSaved(world, 'rl', 1)
  await second.end('SIGINT')
  const postgres = await bringUpPostgres({ home: world.home, env: {} })
  await keep(world, 'interrupted-in-rl')
  await postgres.stop()

  const third = await dev()
  // A test's usual wait would end too early.
  while ((await world.query(z.unknown(), `select 1 from campaigns where status = 'finished'`)).length === 0)
    await sleep(1000)
  await keep(world, 'finished')
  await keepArtifacts(world, base)
  await third.end('SIGINT')
} finally {
  await world.close()
}
