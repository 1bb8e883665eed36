import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const outcome = z.union([z.object({ value: z.unknown() }), z.object({ error: z.string(), message: z.string() })])

export type ShimCall = 'trl' | 'easyr1' | 'verl' | 'verl-batch' | 'swift'

/** The result of one call of a generated file, and the files that it left. */
export interface ShimOutcome {
  outcome: z.infer<typeof outcome>
  stderr: string
  /** Lines of the file that counts failures. */
  counted: unknown[]
}

/** Replaces the two names of ms-swift that a plugin imports: the package itself needs torch. */
const fakeSwiftRewards =
  'class ORM:\n    def __call__(self, **kwargs):\n        raise NotImplementedError\n\n\norms = {}\n'

/**
 * Writes a shim into a folder and calls it by the system's Python. Its environment is only `env`
 * and PATH. The call must not block this process, because the reward server runs here.
 */
export async function callShim(
  folder: string,
  source: string,
  call: ShimCall,
  args: readonly unknown[],
  env: Record<string, string> = {},
): Promise<ShimOutcome> {
  await mkdir(join(folder, 'fake', 'swift'), { recursive: true })
  await writeFile(join(folder, 'fake', 'swift', '__init__.py'), '')
  await writeFile(join(folder, 'fake', 'swift', 'rewards.py'), fakeSwiftRewards)
  const shim = join(folder, 'hone_reward.py')
  await writeFile(shim, source)
  const given = JSON.stringify({ shim, call, arguments: args })
  const { stdout, stderr } = await run(given, { PYTHONPATH: join(folder, 'fake'), ...env })
  const file = env['HONE_REWARD_FAILURES'] ?? join(folder, 'reward-failures.jsonl')
  const lines = await readFile(file, 'utf8').catch(() => '')
  return {
    outcome: outcome.parse(JSON.parse(stdout)),
    stderr,
    counted: lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line)),
  }
}

function run(input: string, env: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
  const driver = fileURLToPath(new URL('call-shim.py', import.meta.url))
  const child = spawn('python3', ['-B', driver], { env: { PATH: process.env['PATH'], ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve({ stdout, stderr }) : reject(new Error(`python3 ended with ${code}: ${stderr}`)),
    )
  })
}
