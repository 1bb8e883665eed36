import { extname } from 'node:path'

/** Whether a file is named like a picture. Whether it is one is seen when it is decoded. */
export const isPictureName = (name: string): boolean => /\.(png|jpe?g|jfif|webp|gif|tiff?|avif)$/i.test(name)

const unreadEndings =
  /\.(bmp|dib|heic|heif|jp2|j2k|jpx|jpf|jxl|svgz?|psd|ico|tga|pcx|ppm|pgm|pbm|pnm|exr|hdr|dcm|cr2|nef|arw|dng|xcf|eps)$/i

/** What was passed over in a folder of pictures, as a note; null when it was nothing. */
export function passedOver(files: readonly string[]): string | null {
  if (files.length === 0) return null
  const pictures = files.filter((file) => unreadEndings.test(file))
  const others = files.filter((file) => !unreadEndings.test(file))
  const told = [
    pictures.length > 0
      ? `${pictures.length} pictures are in formats that are not read: ${byEnding(pictures)}; convert them to PNG first`
      : '',
    others.length > 0 ? `${others.length} files are no pictures and are not read: ${byEnding(others)}` : '',
  ]
  return told.filter((text) => text !== '').join('; ')
}

function byEnding(files: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const file of files) {
    const ending = extname(file).toLowerCase() || 'no ending'
    counts.set(ending, (counts.get(ending) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([, one], [, other]) => other - one)
  return `${sorted
    .slice(0, 10)
    .map(([ending, count]) => `${ending} (${count})`)
    .join(', ')}${sorted.length > 10 ? ', …' : ''}`
}

/** First bytes of picture formats that cannot be decoded here. */
const signatures: readonly { format: string; at: number; bytes: string }[] = [
  { format: 'BMP', at: 0, bytes: 'BM' },
  { format: 'HEIC', at: 4, bytes: 'ftypheic' },
  { format: 'HEIC', at: 4, bytes: 'ftypheix' },
  { format: 'HEIF', at: 4, bytes: 'ftypmif1' },
  { format: 'HEIF', at: 4, bytes: 'ftypmsf1' },
  { format: 'JPEG 2000', at: 4, bytes: 'jP  ' },
  { format: 'JPEG 2000', at: 0, bytes: '\u00ff\u004f\u00ff\u0051' },
  { format: 'JPEG XL', at: 0, bytes: '\u00ff\u000a' },
  { format: 'JPEG XL', at: 4, bytes: 'JXL ' },
  { format: 'Photoshop', at: 0, bytes: '8BPS' },
  { format: 'ICO', at: 0, bytes: '\u0000\u0000\u0001\u0000' },
  { format: 'OpenEXR', at: 0, bytes: 'v/1\u0001' },
  { format: 'PDF', at: 0, bytes: '%PDF' },
]

/**
 * The name of a picture format that cannot be decoded here, by its first bytes; null for others.
 */
export function unreadFormat(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1')
  return signatures.find(({ at, bytes: mark }) => head.startsWith(mark, at))?.format ?? null
}
