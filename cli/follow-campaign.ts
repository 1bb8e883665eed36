import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../db/database.ts'
import type { CampaignStatus } from '../db/schema/campaigns.ts'
import { lookAtCampaign } from '../views/campaign.ts'
import type { CampaignLook } from '../views/campaign.ts'
import type { Terminal } from './terminal.ts'
import { changeLines } from './text/changes.ts'
import { clock } from './text/figures.ts'
import { eventLines, statusLines } from './text/overview.ts'
import { plainText } from '../domain/plain-text.ts'
import { control } from '../services/safe-output.ts'

/**
 * Shows a campaign until it ends and returns how it ended; null when the signal ended the watching.
 */
export async function followCampaign(options: {
  db: Database
  id: string
  show: (look: CampaignLook) => void
  signal: AbortSignal
  intervalSeconds: number
}): Promise<CampaignStatus | null> {
  const { db, id, show, signal, intervalSeconds } = options
  for (;;) {
    const look = await lookAtCampaign(db, id)
    if (signal.aborted) return null
    show(look)
    const { status } = look.overview
    if (status !== 'running' && status !== 'paused') return status
    await sleep(intervalSeconds * 1000, undefined, { signal }).catch(() => undefined)
  }
}

/**
 * How looks at a campaign are shown: JSON lines, a live page on a terminal, else a line a change.
 */
export function renderer(terminal: Terminal, isJson: boolean): (look: CampaignLook) => void {
  if (isJson) return jsonRenderer(terminal)
  return terminal.stdout.isTTY === true ? liveRenderer(terminal) : lineRenderer(terminal)
}

function jsonRenderer({ stdout }: Terminal): (look: CampaignLook) => void {
  let last = ''
  return ({ overview, running }) => {
    const line = JSON.stringify({ ...overview, running })
    // Seconds that only pass are no change.
    const news = line.replaceAll(/"seconds":[\d.e+-]+/g, '')
    if (news === last) return
    last = news
    stdout.write(`${line}\n`)
  }
}

/**
 * Redraws the page in place. Lines are cut to the width of the window: each then takes one row, and
 * the cursor moves up by as many rows as were drawn.
 */
function liveRenderer({ stdout }: Terminal): (look: CampaignLook) => void {
  let drawn = 0
  return (look) => {
    // A terminal that was never sized says 0.
    const width = stdout.columns || 80
    const page = pageLines(look)
    const height = Math.max(2, (stdout.rows || 50) - 1)
    const shown =
      page.length <= height ? page : [...page.slice(0, height - 1), '… (the window is too low for the rest)']
    const lines = shown.map(plainText).map((line) => (line.length <= width ? line : `${line.slice(0, width - 1)}…`))
    const back = drawn === 0 ? '' : `\x1b[${drawn}A`
    control(stdout, `${back}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`)
    drawn = lines.length
  }
}

/** The live page: status, rounds and the latest acts. */
function pageLines(look: CampaignLook): string[] {
  const { events } = look
  return [...statusLines(look), ...(events.length === 0 ? [] : ['', ...eventLines(events.slice(-4))])]
}

function lineRenderer({ stdout }: Terminal): (look: CampaignLook) => void {
  let before: CampaignLook | null = null
  return (look) => {
    for (const line of changeLines(before, look)) stdout.write(`${clock(new Date())}  ${line}\n`)
    before = look
  }
}
