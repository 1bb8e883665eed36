import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startRewardServer } from '../../../verifier/serve/reward-server.ts'
import { shimTrainers } from '../../../trainers/reward-file/registry.ts'
import { hone } from '../../cli/terminal.ts'
import { callShim } from './python-shim.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-shim-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const url = 'http://10.0.0.5:8100'

describe('hone shim', () => {
  it('prints a file with the settings, and the failure that the trainer can take', async () => {
    for (const trainer of shimTrainers) {
      const { out, err, code } = await hone([
        'shim',
        '--trainer',
        trainer,
        '--url',
        url,
        '--reward',
        'weighted',
        '--retries',
        '0',
      ])
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toContain(`TRAINER = "${trainer}"\nURL = "${url}"\nREWARD = "weighted"\nTOKEN_ENV = None\n`)
      expect(out).toContain(`ON_FAILURE = "${trainer === 'trl' ? 'abstain' : 'zero'}"\n`)
      expect(out).toContain('RETRIES = 0\n')
    }
  })

  it('writes a file that gives the verifier’s rewards, also for rows it packed', async () => {
    const server = await startRewardServer({ pool: { workers: 1 } })
    try {
      const [rows, packed, shim] = ['rows.jsonl', 'packed.jsonl', 'shim.py'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ]
      const row = { id: 'r1', gold: 'B', kind: 'choice', choices: ['two', 'three'], question: 'How many?' }
      await writeFile(rows, `${JSON.stringify(row)}\n\n${JSON.stringify({ id: 2, gold: '7' })}\n`)
      expect(await hone(['shim', '--pack', rows, '--output', packed])).toEqual({ out: '', err: '', code: 0 })
      const lines = (await readFile(packed, 'utf8')).trimEnd().split('\n')
      const texts = lines.map((line) => String((JSON.parse(line) as { packed: unknown }).packed))
      expect(JSON.parse(texts[0] ?? '')).toEqual({ hone: 1, ...row })
      const flags = ['--trainer', 'easyr1', '--url', server.url, '--reward', 'accuracy', '--output', shim, '--json']
      expect(JSON.parse((await hone(['shim', ...flags])).out)).toEqual({ output: shim })
      const { outcome } = await callShim(folder, await readFile(shim, 'utf8'), 'easyr1', [
        texts,
        ['<answer>three</answer>', '8'],
      ])
      expect(outcome).toMatchObject({ value: [{ overall: 1 }, { overall: 0 }] })
    } finally {
      await server.close()
    }
  })

  it.each([
    [['--trainer', 'verl', '--url', url, '--reward', 'accuracy', '--on-failure', 'abstain'], /no missing reward/],
    [['--trainer', 'trl', '--url', 'http://u:p@host', '--reward', 'accuracy'], /holds a secret/],
    [['--trainer', 'trl', '--url', url, '--reward', 'accuracy', '--token-env', 'not a name'], /environment variable/],
    [['--trainer', 'trl', '--url', url], /needs --trainer, --url and --reward/],
    [['--trainer', 'trl', '--url', url, '--reward', 'acuracy'], /acuracy/],
    [['--trainer', 'tlr', '--url', url, '--reward', 'accuracy'], /tlr/],
    [['--pack', 'rows.jsonl', '--trainer', 'verl'], /do not go with it/],
    [['--pack', 'no-such-file.jsonl'], /no-such-file.jsonl cannot be read/],
    [['--trainer', 'trl', '--url', url, '--reward', 'accuracy', '--output', 'no/such/file.py'], /cannot be written/],
  ])('refuses %j', async (flags, reason) => {
    const { out, err, code } = await hone(['shim', ...flags])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(reason)
  })

  it('names the line that is no row, and the row that is wrong', async () => {
    const rows = join(folder, 'rows.jsonl')
    await writeFile(rows, '{"id":"a","gold":"1"}\nnothing\n')
    expect((await hone(['shim', '--pack', rows])).err).toContain('rows.jsonl:2 is not a JSON object')
    await writeFile(rows, '{"id":"b","gold":"1","kind":"numbr"}\n')
    expect((await hone(['shim', '--pack', rows])).err).toMatch(/"b".*numbr/)
  })
})
