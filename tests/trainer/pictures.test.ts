import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { openArtifactStore } from '../../artifacts/store.ts'
import { createSeenFiles } from '../../data/pictures/seen-files.ts'
import { createImages } from '../../data/pictures/prepare.ts'
import { bringUpPython } from '../../services/python.ts'
import { decoded, oddPictures } from '../data/pictures/odd.ts'
import { temporaryHome } from '../world/home.ts'

/**
 * Greatest differences from the expected pixels: of the stored file in the trainer, of the file
 * that a job gets in the trainer and in a program that knows only Pillow, and of the request in
 * the server.
 */
const script = `
import json, sys
from pathlib import Path
import numpy as np
from PIL import Image
from hone_trainer.images import Pictures
from hone_trainer.serving.protocol import decode_image

def difference(picture, wanted):
    found = np.asarray(picture).astype(int)
    shape = (wanted["height"], wanted["width"], 3)
    if found.shape != shape:
        return 999
    pixels = np.frombuffer(Path(wanted["pixels"]).read_bytes(), np.uint8).reshape(shape).astype(int)
    return int(np.abs(found - pixels).max())

def differences(one):
    _bytes, served = decode_image(Path(one["request"]).read_text())
    return {
        "name": one["name"],
        "stored": difference(Pictures().get(one["stored"]), one),
        "trained": difference(Pictures().get(one["shown"]), one),
        "foreign": difference(Image.open(one["shown"]).convert("RGB"), one),
        "served": difference(served, one),
    }

print(json.dumps([differences(one) for one in json.loads(Path(sys.argv[1]).read_text())]))
`

const answer = z.array(
  z.object({ name: z.string(), stored: z.int(), trained: z.int(), foreign: z.int(), served: z.int() }),
)

/** What the ways may differ: the request by JPEG, colours by the rounding of two programs. */
const allowed: Readonly<Record<string, Partial<Record<'stored' | 'served', number>>>> = {
  'rgb.webp': { served: 24 },
  'turned.jpg': { served: 24 },
  'animated.webp': { served: 24 },
  'lossless.tiff': { served: 24 },
  'cmyk.jpg': { stored: 2, served: 24 },
  'bare-cmyk.jpg': { stored: 255, served: 24 },
  'wide-colours.png': { stored: 2 },
}

test('trainer, server and other programs see the pixels that the import saw', { timeout: 120_000 }, async () => {
  const python = await bringUpPython({ imports: ['torch', 'fastapi'] })
  const folder = temporaryHome()
  const store = await openArtifactStore(folder)
  const images = createImages({ source: { read: (hash) => readFile(store.imagePath(hash)) } })
  const find = createSeenFiles(store)
  const pictures = await Promise.all(
    (await oddPictures()).map(async ({ name, bytes }) => {
      const { hash, path } = await store.putImage(bytes)
      const shown = await find(hash)
      const { data, width, height } = await decoded(await readFile(shown.path))
      const [pixels, request] = [join(folder, `${name}.raw`), join(folder, `${name}.url`)]
      await writeFile(pixels, data)
      await writeFile(request, await images.dataUrl(hash, { maxPixels: 1e6 }))
      return { name, stored: path, shown: shown.path, pixels, width, height, request }
    }),
  )
  const asked = join(folder, 'pictures.json')
  await writeFile(asked, JSON.stringify(pictures))
  const { stdout } = await promisify(execFile)(python.python, ['-c', script, asked], {
    env: { ...process.env, ...python.env },
  })
  const found = answer.parse(JSON.parse(stdout))
  expect(found).toHaveLength(pictures.length)
  const wrong = found.filter(({ name, stored, trained, foreign, served }) => {
    const { stored: mostStored = 0, served: mostServed = 0 } = allowed[name] ?? {}
    return trained > 0 || foreign > 0 || stored > mostStored || served > mostServed
  })
  expect(wrong).toEqual([])
})
