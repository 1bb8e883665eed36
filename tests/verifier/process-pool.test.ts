import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { verifyInPool } from '../../verifier/serve/process-pool.ts'
import { verifiedCase } from '../../verifier/verify.ts'

const cases = [
  { id: 'a', gold: '3', answer: '<think>x</think><answer>3</answer>' },
  { id: 'b', gold: '3', answer: 'The answer is 4.' },
  { id: 'c', gold: 'It rained all night long before the morning', answer: 'A lot of rain', kind: 'text' as const },
  {
    id: 'd',
    gold: '7',
    answer: '[A]3 + 4[/A]',
    policy: { form: 'any' as const, answerTags: ['[A]', '[/A]'] as [string, string] },
  },
]

describe('the pool of a process', () => {
  it('says what the rules say, with the texts that were compared', async () => {
    expect(await Promise.all(cases.map(verifyInPool))).toEqual(cases.map(verifiedCase))
  })

  it('lets its process end, and not before the verdict is there', async () => {
    const pool = new URL('../../verifier/serve/process-pool.ts', import.meta.url)
    const script = `
      const { verifyInPool } = await import(${JSON.stringify(pool.href)})
      const { result } = await verifyInPool({ id: 'a', gold: '3', answer: '3' })
      console.log(result.verdict)`
    const argv = ['--import', 'tsx', '--input-type=module', '--eval', script]
    const options = { cwd: fileURLToPath(new URL('../..', import.meta.url)), timeout: 60_000 }
    const { stdout } = await promisify(execFile)(process.execPath, argv, options)
    expect(stdout).toBe('correct\n')
  })
})
