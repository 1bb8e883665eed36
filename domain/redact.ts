/**
 * A text without secrets: each secret becomes `mask`, in every form in which programs write it.
 * Cut texts only after this, because half of a key is a secret too; {@link redactedCut} is for
 * texts that come cut.
 */
export function redacted(text: string, secrets: readonly string[], mask = '[key]'): string {
  let rest = text
  for (const form of formsOf(secrets)) rest = rest.replace(form, () => mask)
  return rest
}

/** Shorter values are words that occur in every log. */
const shortestSecret = 6
const shortestPart = 4

/**
 * {@link redacted} of a text that was cut elsewhere: a part of a secret at its start or its end is
 * a secret too. Secrets of fewer than six characters stay.
 */
export function redactedCut(text: string, secrets: readonly string[], mask = '***'): string {
  // Longest first: a secret that contains another secret is replaced completely.
  const known = secrets.filter(({ length }) => length >= shortestSecret).sort((a, b) => b.length - a.length)
  return known.reduce((rest, secret) => withoutEnds(redacted(rest, [secret], mask), secret, mask), text)
}

function withoutEnds(text: string, secret: string, mask: string): string {
  const lengths = Array.from({ length: secret.length - shortestPart }, (_, index) => secret.length - 1 - index)
  const before = lengths.find((length) => text.startsWith(secret.slice(-length)))
  const rest = before === undefined ? text : `${mask}${text.slice(before)}`
  const after = lengths.find((length) => rest.endsWith(secret.slice(0, length)))
  return after === undefined ? rest : `${rest.slice(0, -after)}${mask}`
}

/** Patterns of all forms of all secrets, the longest first: a secret may be part of another one. */
function formsOf(secrets: readonly string[]): RegExp[] {
  const whole = [...new Set(secrets.filter((secret) => secret !== ''))].sort((a, b) => b.length - a.length)
  return whole.flatMap((secret) => {
    const encoded = base64FormsOf(secret)
    const inBase64 = encoded.length === 0 ? [] : [new RegExp(encoded.map(escaped).join('|'), 'g')]
    return [new RegExp(Array.from(secret, characterPattern).join(''), 'g'), ...inBase64]
  })
}

const escaped = (text: string): string => text.replaceAll(/[/\-\\^$*+?.()|[\]{}]/g, String.raw`\$&`)

/**
 * A character as itself, as JSON (`\/`, `\u002f`), as a URL (`%2F`, twice encoded too) or as HTML
 * writes it. Forms may be mixed within a secret.
 */
function characterPattern(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  const plain = escaped(character)
  if (/^[A-Za-z0-9]$/.test(character)) return plain
  const forms = [plain, JSON.stringify(character).slice(1, -1), `\\${character}`].map((form, at) =>
    at === 0 ? form : escaped(form),
  )
  if (code <= 0xffff) forms.push(String.raw`\\u${anyCase(hex.padStart(4, '0'))}`)
  if (!/\p{Surrogate}/u.test(character)) {
    const bytes = Array.from(bytesOf(character), (byte) => anyCase(byte.toString(16).padStart(2, '0')))
    forms.push(bytes.map((byte) => `%(?:25)?${byte}`).join(''))
  }
  forms.push(`&#(?:x0*${anyCase(hex)}|0*${code});`)
  return `(?:${[...new Set(forms)].join('|')})`
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const anyCase = (hex: string): string => hex.replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)

/**
 * The middle of a secret in base64, as `Authorization: Basic` carries it. What stands before it
 * decides how its first and last characters are written, so only the middle can be known. Short
 * secrets have no middle that tells anything.
 */
function base64FormsOf(secret: string): string[] {
  if (secret.length < 8) return []
  return [0, 1, 2].flatMap((shift) => {
    const bytes = [...Array.from({ length: shift }, () => 0), ...bytesOf(secret)]
    const text = btoa(String.fromCharCode(...bytes))
    const skip = shift === 0 ? 0 : shift + 1
    const whole = text.slice(skip, text.length - (text.endsWith('=') ? 4 : 0))
    return whole.length < 8 ? [] : [whole, whole.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
