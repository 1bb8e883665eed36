import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import sharp from 'sharp'
import { examineImage } from '../data/pictures/examine.ts'
import { createImages } from '../data/pictures/prepare.ts'
import { imagesAtOnce } from '../data/pictures/open.ts'

/**
 * Times pictures against sharp itself, on all cores, in one run: `npx tsx bench/images.ts
 * [rounds]`.
 *
 * Sending: a JPEG of 1600×1200 pixels is shrunk to the usual limit (1148×840), encoded and made a
 * data URL, as in requests. It is compared with sharp's resize and encode alone at four settings;
 * the best setting counts. Importing: decoding with fingerprint and file hash, compared with
 * sharp's decode alone. The variants take turns, so that a busy machine slows all of them. The best
 * round of each variant counts.
 */
const rounds = Number(process.argv[2] ?? 5)
const pictures = 48
const cores = availableParallelism()
const size = { width: 1148, height: 840 }

/**
 * A picture like a photograph: blurred noise of several sizes, so that JPEG works about as hard.
 */
async function photograph(): Promise<Buffer> {
  const layer = async (scale: number) =>
    sharp({
      create: {
        width: Math.round(1600 / scale),
        height: Math.round(1200 / scale),
        channels: 3,
        background: '#808080',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    })
      .resize(1600, 1200, { kernel: 'cubic' })
      .png({ compressionLevel: 1 })
      .toBuffer()
  const [coarse, middle, fine] = await Promise.all([layer(80), layer(12), layer(3)])
  return sharp(coarse)
    .composite([
      { input: middle, blend: 'soft-light' },
      { input: fine, blend: 'soft-light' },
    ])
    .jpeg({ quality: 85 })
    .toBuffer()
}

const files: Buffer[] = []
for (let index = 0; index < 8; index++) files.push(await photograph())
const mean = files.reduce((sum, { length }) => sum + length, 0) / files.length / 1024
const fileOf = (index: number): Buffer => files[index % files.length] ?? Buffer.alloc(0)
const own = sharp.concurrency()

interface Way {
  name: string
  /** Pictures at the same time, and sharp's threads for each picture. */
  lanes: number
  threads: number
  run: (index: number) => Promise<unknown>
}

let asked = 0
const images = createImages({ source: { read: async (name) => fileOf(Number(name)) }, cacheBytes: 0 })
const resize = (index: number) => sharp(fileOf(index)).resize(size).jpeg({ quality: 95 }).toBuffer()
const decode = (index: number) => sharp(fileOf(index)).raw().toBuffer()

const settings = [
  { lanes: 1, threads: cores },
  { lanes: cores, threads: 1 },
  { lanes: 2 * cores, threads: 1 },
  { lanes: cores, threads: cores },
]
const sends: Way[] = [
  ...settings.map((each) => ({
    ...each,
    name: `sharp, ${each.lanes} at once of ${each.threads} threads`,
    run: resize,
  })),
  {
    name: `Hone, ${imagesAtOnce} at once of ${own} threads`,
    lanes: 64,
    threads: own,
    run: async () => images.dataUrl(String(asked++), { maxPixels: 1_003_520 }),
  },
]
const imports: Way[] = [
  ...settings.map((each) => ({
    ...each,
    name: `sharp, ${each.lanes} at once of ${each.threads} threads`,
    run: decode,
  })),
  {
    name: `Hone, 8 at once of ${own} threads`,
    lanes: 8,
    threads: own,
    run: async (index) => [await examineImage(fileOf(index)), createHash('sha256').update(fileOf(index)).digest('hex')],
  },
]

interface Rate {
  perSecond: number
  cpuMs: number
}

/** Pictures a second, and time of all cores for each picture. */
async function rate({ lanes, threads, run }: Way): Promise<Rate> {
  sharp.concurrency(threads)
  let next = 0
  const cpu = process.cpuUsage()
  const began = performance.now()
  const lane = async () => {
    for (let index = next++; index < pictures; index = next++) await run(index)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  sharp.concurrency(own)
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: pictures / seconds, cpuMs: (user + system) / 1000 / pictures }
}

async function compare(title: string, ways: readonly Way[]): Promise<void> {
  const best = new Map<Way, Rate>()
  for (let round = 0; round < rounds; round++)
    for (const way of ways) {
      const { perSecond, cpuMs } = await rate(way)
      const before = best.get(way)
      best.set(way, {
        perSecond: Math.max(before?.perSecond ?? 0, perSecond),
        cpuMs: Math.min(before?.cpuMs ?? Number.POSITIVE_INFINITY, cpuMs),
      })
    }
  console.log(`\n${title}`)
  for (const [{ name }, { perSecond, cpuMs }] of best)
    console.log(`  ${name}: ${perSecond.toFixed(1)} a second, ${cpuMs.toFixed(1)} ms CPU each`)
  const [hone, ...others] = [...best.values()].toReversed()
  const share = (part = 0, whole = 1) => `${((100 * part) / whole).toFixed(0)} %`
  const fastest = Math.max(...others.map(({ perSecond }) => perSecond))
  const cheapest = Math.min(...others.map(({ cpuMs }) => cpuMs))
  console.log(
    `  Hone: ${share(hone?.perSecond, fastest)} of sharp's best rate, ${share(hone?.cpuMs, cheapest)} of its CPU time`,
  )
}

console.log(
  `${cores} cores, sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}, files of ${mean.toFixed(0)} kB`,
)
await compare('sending: 1600×1200 to 1148×840, JPEG 95, as a data URL', sends)
await compare('importing: decode, fingerprint, hash', imports)
