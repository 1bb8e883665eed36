import { isPictureName } from './picture-names.ts'
import { tarMembers } from './tar-members.ts'

/** Members of a tar that are looked at to see whether it is a WebDataset. */
const lookedAt = 64

/**
 * The sample that a member belongs to, and its part in it: `a/0001.left.png` is the part `left.png`
 * of the sample `a/0001`. Null for members without an ending, and for hidden ones.
 */
export function memberOf(name: string): { key: string; part: string } | null {
  const path = name.replace(/^(?:\.?\/)+/, '')
  const base = path.slice(path.lastIndexOf('/') + 1)
  const dot = base.indexOf('.')
  if (dot <= 0 || dot === base.length - 1) return null
  return { key: path.slice(0, path.length - base.length + dot), part: base.slice(dot + 1).toLowerCase() }
}

/**
 * Whether a tar is a WebDataset: its first members come in samples, side by side, and one of the
 * samples has a picture with a text or JSON. False for a tar that cannot be read.
 */
export async function isWebdataset(file: string): Promise<boolean> {
  const samples = new Map<string, string[]>()
  let last = ''
  let seen = 0
  try {
    for await (const { header } of tarMembers(file)) {
      if (header.type !== 'file') continue
      const member = memberOf(header.name)
      if (member === null) continue
      if (member.key !== last && samples.has(member.key)) return false
      last = member.key
      samples.set(last, [...(samples.get(last) ?? []), member.part])
      if (++seen >= lookedAt) break
    }
  } catch {
    return false
  }
  return [...samples.values()].some(
    (parts) => parts.some((part) => isPictureName(`x.${part}`)) && parts.some((part) => isTextPart(part)),
  )
}

/** Whether a part of a sample is text. */
export const isTextPart = (part: string): boolean =>
  /(?:^|\.)(?:json|txt|text|cls|cls2|caption|id|question|answer)$/.test(part)
