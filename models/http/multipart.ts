import { randomUUID } from 'node:crypto'

/** A form as the body of a request. */
export interface Multipart {
  contentType: string
  /** Files are read while they are sent. */
  parts: (Uint8Array | Blob)[]
  /** Bytes of all parts. */
  length: number
}

/**
 * A form in the words of RFC 7578, with its length: many servers refuse an upload of unknown
 * length. Node's own Request tells no length, and a form may hold a file that memory does not.
 */
export function multipart(form: FormData): Multipart {
  const boundary = `hone-${randomUUID()}`
  const parts: (Uint8Array | Blob)[] = []
  const text = (lines: readonly string[]) => parts.push(Buffer.from(lines.join('\r\n')))
  for (const [name, value] of form) {
    const head = `Content-Disposition: form-data; name="${escaped(name)}"`
    if (typeof value === 'string') {
      text([`--${boundary}`, head, '', value, ''])
      continue
    }
    const type = value.type === '' ? 'application/octet-stream' : value.type
    text([`--${boundary}`, `${head}; filename="${escaped(value.name)}"`, `Content-Type: ${type}`, '', ''])
    parts.push(value)
    text(['', ''])
  }
  text([`--${boundary}--`, ''])
  const length = parts.reduce((sum, part) => sum + (part instanceof Blob ? part.size : part.length), 0)
  return { contentType: `multipart/form-data; boundary=${boundary}`, parts, length }
}

/** The escapes of HTML's forms. */
const escaped = (name: string): string => name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22')
