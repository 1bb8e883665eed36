import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { z } from 'zod'
import { bringUpPostgres } from '../../services/postgres.ts'
import type { CampaignWorld } from '../chaos/campaign-world.ts'
import { loadDatabase } from './database-text.ts'
import { campaign, hostField, marks, replaceBelow } from './marks.ts'
import type { State } from './marks.ts'

const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url))
const recipeFile = fileURLToPath(new URL(`${campaign}.yaml`, import.meta.url))

/** Number of migrations in a database of commit 3af5782. */
export const oldMigrations = 7

/**
 * The old commit's JSON output of `hone rounds`, `hone show` and `hone lineage` for the rounds that
 * had ended.
 */
const toldFile = z.object({
  rounds: z.looseObject({ rounds: z.array(z.looseObject({ round: z.int(), status: z.string() })) }),
  shown: z.array(z.looseObject({ round: z.int(), checkpoint: z.string() })),
  /** The lineage of the checkpoints of `shown`, in the same order. */
  lineage: z.array(z.looseObject({})),
})
export type Told = z.infer<typeof toldFile>

/** A stored home, unpacked: `home/` is below `root`, the database is text. */
export interface OldHome {
  root: string
  home: string
  recipe: string
  dump: string
  told: Told
}

/**
 * Unpacks a stored home below a folder, as if it had been made there: base model and weights,
 * pictures, run folders.
 */
export async function unpackHome(root: string, state: State): Promise<OldHome> {
  const staging = mkdtempSync(join(tmpdir(), 'hone-old-home-'))
  const run = promisify(execFile)
  try {
    await run('tar', ['-xzf', join(fixtures, `${state}.tar.gz`), '-C', staging])
    replaceBelow(staging, [
      [marks.root, root],
      [marks.checkout, '/gone/with/the/old/checkout'],
      [hostField(marks.host), hostField(hostname())],
    ])
    mkdirSync(root, { recursive: true })
    await run('tar', ['-xzf', join(fixtures, 'artifacts.tar.gz'), '-C', root])
    cpSync(join(staging, 'home'), join(root, 'home'), { recursive: true })
    const recipe = join(root, `${campaign}.yaml`)
    cpSync(recipeFile, recipe)
    return {
      root,
      home: join(root, 'home'),
      recipe,
      dump: readFileSync(join(staging, 'database.copy'), 'utf8'),
      told: toldFile.parse(JSON.parse(readFileSync(join(staging, 'told.json'), 'utf8'))),
    }
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/**
 * Replaces a world's home by a stored home. No process of the world may run. The demo's pictures
 * stay, because drawing them takes long.
 */
export async function takeOver(world: CampaignWorld, state: State): Promise<OldHome> {
  mkdirSync(world.home, { recursive: true })
  for (const name of readdirSync(world.home))
    if (name !== 'demo') rmSync(join(world.home, name), { recursive: true, force: true })
  const old = await unpackHome(dirname(world.home), state)
  const postgres = await bringUpPostgres({ home: world.home, anyPort: true, durability: 'fast', env: {} })
  try {
    await fillDatabase(postgres.url, old.dump)
  } finally {
    await postgres.stop()
  }
  return old
}

/** Fills an empty database with its state under the old commit. */
export async function fillDatabase(url: string, dump: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await loadDatabase(client, dump, oldMigrations)
  } finally {
    await client.end()
  }
}
