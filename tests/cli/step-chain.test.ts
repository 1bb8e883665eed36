import { afterAll, beforeAll, expect, it } from 'vitest'
import { drawPicture } from '../../demo/picture.ts'
import { createRandom } from '../../demo/random.ts'
import { startTeacher } from '../../demo/teacher/server.ts'
import type { Teacher } from '../../demo/teacher/server.ts'
import { demoWorld } from '../../demo/world.ts'
import { StepFolder } from './step-world.ts'
import { hone } from './terminal.ts'

let folder: StepFolder
let teacher: Teacher
beforeAll(async () => {
  folder = new StepFolder()
  teacher = await startTeacher({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await teacher.close()
  folder.remove()
})

const colors = ['red', 'green', 'blue', 'yellow'] as const

it('describe, reason, verify and select make right traces from demo pictures, each step from the output of the step before', async () => {
  const lines = []
  for (const [at, color] of colors.entries()) {
    const scene = {
      rows: 2,
      columns: 2,
      cells: [{ color, shape: 'circle' as const }, { color, shape: 'square' as const }, null, null],
    }
    folder.write(`pictures/${color}.png`, await drawPicture(scene, demoWorld.picture, createRandom(at)))
    const images = [`pictures/${color}.png`]
    lines.push({
      id: `${color}-1`,
      images,
      question: `How many ${color} shapes are there?`,
      answer: '2',
      kind: 'number',
    })
    lines.push({ id: `${color}-2`, images, question: 'How many circles are there?', answer: '1', kind: 'number' })
  }
  folder.writeLines('rows.jsonl', lines)
  const step = async (name: string, from: string, to: string, ...more: string[]) => {
    const ran = await hone(['step', name, '-i', folder.at(from), '-o', folder.at(to), '--json', ...more])
    expect(ran).toMatchObject({ code: 0, err: '' })
    return JSON.parse(ran.out) as { rows: number; kept: number; requests: { paid: number } }
  }
  const at = (model: string) => ['--endpoint', `${teacher.url}/v1`, '--model', model]

  const described = await step('describe', 'rows.jsonl', 'a/described.jsonl', ...at('demo-captioner'))
  // Both questions about a picture share its description.
  expect(described).toMatchObject({ rows: 8, kept: 8, requests: { paid: 4 } })
  const reasoned = await step(
    'reason',
    'a/described.jsonl',
    'reasoned.jsonl',
    ...at('demo-reasoner'),
    '--set',
    'samples=4',
  )
  expect(reasoned).toMatchObject({ rows: 8, kept: 32, requests: { paid: 32 } })
  const verified = await step('verify', 'reasoned.jsonl', 'verified.jsonl', '--rejects', folder.at('wrong.jsonl'))
  expect(verified.rows).toBe(32)
  expect(verified.kept).toBeGreaterThan(16)
  const selected = await step('select', 'verified.jsonl', 'selected.jsonl', '--rejects', folder.at('longer.jsonl'))
  expect(selected.rows).toBe(verified.kept)
  const rows = folder.read('selected.jsonl')
  expect(rows.length).toBeGreaterThan(4)
  for (const row of rows) {
    expect(row).toMatchObject({ status: 'kept', verdict: { verdict: 'correct' } })
    expect(row.images[0]).toMatch(/^pictures\/\w+\.png$|\/pictures\/\w+\.png$/)
    expect(lines.map(({ id }) => id)).toContain(row.origin)
  }
  expect(rows.length + folder.read('longer.jsonl').length).toBe(verified.kept)
  expect(verified.kept + folder.read('wrong.jsonl').length).toBe(32)
})
