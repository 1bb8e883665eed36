import { expect, test } from 'vitest'
import { examine } from '../../services/doctor.ts'
import { temporaryHome } from '../world/home.ts'

test('the doctor checks everything, names variables that are set and never shows a value', async () => {
  const home = temporaryHome()
  const env = { ...process.env, SOME_API_KEY: 's3cret', HONE_TEMPORAL_PORT: '1', HONE_TEMPORAL_CLI: '/nothing' }
  const findings = await examine({ home, cache: home, env })
  const byName = new Map(findings.map((finding) => [finding.name, finding]))
  expect(byName.get('node')).toMatchObject({ found: 'ok', detail: process.versions.node })
  expect(byName.get('postgres')).toMatchObject({ found: 'ok', detail: expect.stringContaining('PostgreSQL') })
  expect(byName.get('temporal')).toMatchObject({ found: 'problem', fix: expect.stringContaining('unset it') })
  expect(byName.get('variables')?.detail).toContain('SOME_API_KEY')
  expect(JSON.stringify(findings)).not.toContain('s3cret')
  expect(findings.filter(({ found, fix }) => found === 'problem' && !fix)).toEqual([])
})
