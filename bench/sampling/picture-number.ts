const label = 'hone-bench '
const dataUrl = Buffer.from('base64,')

/**
 * A comment segment for the place after a JPEG's first two bytes. It numbers the file, so that no
 * two files are equal.
 */
export function numberSegment(number: number): Buffer {
  const text = Buffer.from(`${label}${String(number).padStart(9, '0')} `)
  return Buffer.concat([Buffer.from([0xff, 0xfe, 0, text.length + 2]), text])
}

/**
 * Number of the picture in the beginning of a request's body, or -1 without a number (yet). Decodes
 * 48 characters, not the picture.
 */
export function pictureNumber(body: Buffer): number {
  const at = body.indexOf(dataUrl)
  const end = at + dataUrl.length + 48
  if (at < 0 || end > body.length) return -1
  const head = Buffer.from(body.toString('latin1', at + dataUrl.length, end), 'base64').toString('latin1')
  const found = /hone-bench (\d{9}) /.exec(head)
  return found ? Number(found[1]) : -1
}
