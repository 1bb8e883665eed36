import { fileURLToPath } from 'node:url'
import { BadCell } from './cells.ts'
import { isMap } from './record.ts'
import { writtenList } from './written-list.ts'

/** Where a picture of a row is. */
export type PictureRef = { bytes: Uint8Array } | { path: string } | { url: string }

/**
 * Pictures of a cell: bytes, a path, a URL, a data URL, base64, Hugging Face's `{bytes, path}` or
 * `{url}`, or a list of them (also written as text). An empty cell has none. Throws {@link BadCell}
 * for anything else.
 */
export function picturesOf(value: unknown): PictureRef[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return value.flatMap(picturesOf)
  if (value instanceof Uint8Array) return value.length === 0 ? [] : [{ bytes: value }]
  if (typeof value === 'string') return picturesOfText(value.trim())
  if (isMap(value)) {
    const { bytes, path, url } = value
    if (bytes instanceof Uint8Array && bytes.length > 0) return [{ bytes }]
    if (typeof bytes === 'string' && bytes !== '') return [base64(bytes)]
    if (typeof path === 'string' && path !== '') return picturesOfText(path)
    if (typeof url === 'string' && url !== '') return picturesOfText(url)
    // OpenAI's parts: {type: image_url, image_url: {url}}; Qwen's: {type: image, image: path}.
    const inner = value['image_url'] ?? value['image']
    if (inner !== undefined && inner !== value) return picturesOf(inner)
    if ([bytes, path, url].some((part) => part === null)) return []
    throw new BadCell('holds a map without bytes, path or url where a picture is expected')
  }
  throw new BadCell(`holds a ${typeof value} where a picture is expected`)
}

function picturesOfText(text: string): PictureRef[] {
  if (text === '') return []
  if (/^data:/i.test(text.slice(0, 5))) return [dataUrl(text)]
  if (/^https?:\/\//i.test(text)) return [{ url: text }]
  if (/^file:\/\//i.test(text)) return [{ path: pathOfUrl(text) }]
  if (looksBase64(text)) return [base64(text)]
  if (text.startsWith('[')) {
    const list = writtenList(text)
    if (list) return list.flatMap(picturesOfText)
  }
  return [{ path: text }]
}

function pathOfUrl(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw new BadCell(`holds "${url.slice(0, 100)}", which is no URL of a file`)
  }
}

/** First characters of PNG, JPEG, GIF, WebP and TIFF in base64. */
const base64Starts = ['iVBORw0KGgo', '/9j/', 'R0lGOD', 'UklGR', 'SUkqA', 'TU0AK']
/** No picture file is smaller, and hardly any path that begins like one is longer. */
const leastBase64 = 64

const looksBase64 = (text: string): boolean =>
  text.length >= leastBase64 &&
  base64Starts.some((start) => text.startsWith(start)) &&
  /^[A-Za-z0-9+/\s]+=*$/.test(text.slice(0, 256))

function dataUrl(text: string): PictureRef {
  const comma = text.indexOf(',')
  const head = text.slice(0, Math.max(0, comma)).toLowerCase()
  if (comma < 0 || !head.endsWith(';base64')) throw new BadCell('holds a data URL that is not in base64')
  return base64(text.slice(comma + 1))
}

function base64(text: string): PictureRef {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length === 0) throw new BadCell('holds base64 that is empty')
  return { bytes }
}
