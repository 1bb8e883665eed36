import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CampaignClient } from '../../client/campaigns.ts'
import { writeModel } from '../artifacts/weights.ts'
import { FakeCampaignClient, hone } from '../cli/terminal.ts'
import type { Ran } from '../cli/terminal.ts'
import { png } from '../data/pictures.ts'

/** Accepts starts as Temporal does, or refuses them with `refusal`. */
export type StartingClient = CampaignClient & { started: string[]; refusal: Error | null }

export function startingClient(): StartingClient {
  const started: string[] = []
  const fake = Object.assign(new FakeCampaignClient(), { started })
  const start: CampaignClient['start'] = (slug) => {
    if (fake.refusal) return Promise.reject(fake.refusal)
    started.push(slug)
    return Promise.resolve({ workflowId: `campaign/${slug}`, isNew: true })
  }
  return Object.assign(fake, { start })
}

/** A folder with a good picture and a whole model. The end of the test removes it. */
export async function workFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hone-bad-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'data'))
  await writeModel(join(folder, 'model'))
  await writeFile(join(folder, 'data', 'good.png'), await png(28, 28))
  return folder
}

/** A line of the source. Its question names its treatment by the teacher. */
export const line = (id: string, changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  id,
  images: ['good.png'],
  question: 'How many shapes?',
  answer: 3,
  ...changes,
})

export const writeSource = (folder: string, lines: readonly unknown[]): Promise<void> =>
  writeFile(
    join(folder, 'data', 'rows.jsonl'),
    lines.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join('\n'),
  )

export interface RecipeParts {
  campaign?: string
  url?: string
  endpoint?: string
  limits?: string
  baseModel?: string
  source?: string
  step?: string
}

/** A small recipe that samples each question once from the teacher and then fine-tunes. */
export const recipeText = ({
  campaign = 'mine',
  url = 'http://127.0.0.1:9/v1',
  endpoint = '',
  limits = '{}',
  baseModel = './model',
  source = './data',
  step = 'step: sample, from: seed, endpoint: teacher, samples: 1',
}: RecipeParts): string => `hone: 1
campaign: ${campaign}
baseModel: { path: '${baseModel}' }
endpoints:
  teacher: { url: '${url}', model: fake-model${endpoint} }
sources:
  seed: { path: '${source}' }
rounds:
  count: 1
  first:
    - { ${step} }
    - { step: sft, learningRate: 1.0e-5, steps: 10 }
limits: ${limits}
`

/** Writes the recipe and calls `hone start` on it; with `flags` before it. */
export async function start(
  folder: string,
  text: string,
  { client, env, flags = [] }: { client: CampaignClient; env: Record<string, string>; flags?: readonly string[] },
): Promise<Ran> {
  const file = join(folder, 'recipe.yaml')
  await writeFile(file, text)
  return await hone(['start', ...flags, file], {
    client,
    env: { HONE_HOME: join(folder, 'home'), TEMPORAL_ADDRESS: '127.0.0.1:9', ...env },
  })
}
