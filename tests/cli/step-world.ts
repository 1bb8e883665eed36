import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import type { ChatRequest } from '../models/fake-endpoint.ts'

/** The fields of an output line that tests read. */
export interface OutLine {
  id: string
  images: string[]
  question?: string
  description?: string
  trace?: string
  origin?: string
  answer?: string
  metadata: Record<string, unknown>
  status: string
  reason?: string
  detail?: string
  parent?: string
  requests: string[]
  [field: string]: unknown
}

/** A folder with files of rows and pictures. */
export class StepFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'hone-step-'))

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }

  at(name: string): string {
    return join(this.path, name)
  }

  write(name: string, content: string | Buffer): string {
    mkdirSync(dirname(this.at(name)), { recursive: true })
    writeFileSync(this.at(name), content)
    return this.at(name)
  }

  writeLines(name: string, lines: readonly unknown[]): string {
    return this.write(name, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''))
  }

  /** A small picture of one colour. */
  async picture(name: string, red = 0): Promise<string> {
    const background = { r: red % 256, g: red >> 8, b: 7 }
    return this.write(
      name,
      await sharp({ create: { width: 8, height: 8, channels: 3, background } })
        .png()
        .toBuffer(),
    )
  }

  read(name: string): OutLine[] {
    return readFileSync(this.at(name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as OutLine)
  }
}

/** A key of the request that went over the wire. It has the purpose of a content key. */
export const wireKey = (request: ChatRequest): string =>
  createHash('sha256').update(JSON.stringify(request)).digest('hex')

/** How often each request was sent, by its wire key. */
export function sentByKey(requests: readonly ChatRequest[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const request of requests) counts.set(wireKey(request), (counts.get(wireKey(request)) ?? 0) + 1)
  return counts
}
