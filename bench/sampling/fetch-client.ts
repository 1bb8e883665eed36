import { createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { job } from './job.ts'

/**
 * The lower bound: a bare loop around Node's fetch. It retries nothing and keeps only the captions.
 */
const task = job.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')))
const row = z.object({ id: z.string(), text: z.string(), path: z.string() })
const completion = z.object({ choices: z.tuple([z.object({ message: z.object({ content: z.string() }) })]) })
const rows = readFileSync(task.rows, 'utf8').trim().split('\n')
const output = createWriteStream(join(task.work, 'captions.jsonl'))
const readyAt = Date.now()
const cpu = process.cpuUsage()
let kept = 0
let next = 0

async function caption(line: string): Promise<string | null> {
  const { text, path } = row.parse(JSON.parse(line))
  const url = `data:image/jpeg;base64,${(await readFile(path)).toString('base64')}`
  const content = [
    { type: 'image_url', image_url: { url } },
    { type: 'text', text },
  ]
  const response = await fetch(`${task.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: task.model, messages: [{ role: 'user', content }] }),
  })
  const body: unknown = await response.json()
  return response.ok ? completion.parse(body).choices[0].message.content : null
}

const lane = async (): Promise<void> => {
  for (let line = rows[next++]; line !== undefined; line = rows[next++]) {
    const text = await caption(line).catch(() => null)
    if (text === null) continue
    kept++
    output.write(`${JSON.stringify({ text })}\n`)
  }
}
await Promise.all(Array.from({ length: task.concurrency }, lane))
const { user, system } = process.cpuUsage(cpu)
const lost = kept < rows.length ? { 'no-reply': rows.length - kept } : {}
writeFileSync(task.report, JSON.stringify({ kept, lost, readyAt, cpuMs: (user + system) / 1000 }))
