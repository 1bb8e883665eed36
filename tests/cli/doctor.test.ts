import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { FakeTeacher } from '../bad-input/fake-teacher.ts'
import { recipeText, workFolder } from '../bad-input/world.ts'
import { hone } from './terminal.ts'

const report = z.object({ ok: z.boolean(), findings: z.array(z.looseObject({ name: z.string() })) })

it('the endpoints of a recipe are asked, and the doctor says what they would refuse', async () => {
  const teacher = await new FakeTeacher().start()
  onTestFinished(() => teacher.stop())
  const folder = await workFolder()
  const file = join(folder, 'recipe.yaml')
  await writeFile(file, recipeText({ url: teacher.url }))
  const doctor = async () => {
    const { out } = await hone(['doctor', file, '--json'], { env: { PATH: '', HONE_HOME: join(folder, 'home') } })
    return report.parse(JSON.parse(out)).findings.filter(({ name }) => name.startsWith('endpoint'))
  }
  expect(await doctor()).toEqual([
    { name: 'endpoint teacher', found: 'ok', detail: `${teacher.url} takes the requests of sample` },
  ])
  teacher.all = { status: 400, body: '{"error":{"message":"Unsupported parameter: seed"}}' }
  expect(await doctor()).toMatchObject([
    { found: 'problem', detail: expect.stringContaining('Unsupported parameter: seed'), fix: expect.any(String) },
  ])
})
