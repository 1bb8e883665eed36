import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redacted, redactedCut } from '../../domain/redact.ts'

const secret = 'sk-a/b+c=d&"é ü"\\<x>9'
const hex = (character: string) => character.charCodeAt(0).toString(16).padStart(4, '0')
const utf8 = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('')
const html = (text: string) => Array.from(text, (each) => `&#${each.codePointAt(0)};`).join('')

describe('a secret', () => {
  it.each([
    ['as it is', secret],
    ['as JSON', JSON.stringify(secret)],
    ['as JSON with \\/', JSON.stringify(secret).replaceAll('/', '\\/')],
    ['as JSON with \\u', Array.from(secret, (each) => (/\w/.test(each) ? each : `\\u${hex(each)}`)).join('')],
    [
      'as JSON with \\U in capitals',
      Array.from(secret, (each) => (/\w/.test(each) ? each : `\\u${hex(each).toUpperCase()}`)).join(''),
    ],
    ['in a URL', encodeURIComponent(secret)],
    ['in a URL in small letters', encodeURIComponent(secret).toLowerCase().replace('sk-a', 'sk-a')],
    ['in a URL, encoded whole', Array.from(secret, (each) => (/[A-Za-z0-9]/.test(each) ? each : utf8(each))).join('')],
    ['in a URL, encoded twice', encodeURIComponent(encodeURIComponent(secret))],
    ['in HTML', Array.from(secret, (each) => (/[A-Za-z0-9]/.test(each) ? each : html(each))).join('')],
  ])('is taken out of a text %s', (_, form) => {
    const clean = redacted(`before ${form} after`, [secret])
    expect(clean).toMatch(/^before "?\[key\]"? after$/)
  })

  it.each([0, 1, 2, 3, 5])('is taken out of base64 behind %s other characters', (before) => {
    const key = 'sk-proj-0123456789abcdef'
    const encoded = Buffer.from(`${'u'.repeat(before)}${key}`).toString('base64')
    const clean = redacted(`Authorization: Basic ${encoded}`, [key])
    expect(clean).toContain('[key]')
    expect(Buffer.from(clean.replace(/^.*Basic /, '').replace('[key]', ''), 'base64').toString()).not.toContain('0123')
  })

  it('that is part of another one leaves nothing of the other', () => {
    expect(redacted('abc-secret-xyz', ['secret', 'abc-secret-xyz'])).toBe('[key]')
    expect(redacted('abc-secret-xyz and secret', ['secret', 'abc-secret-xyz', ''])).toBe('[key] and [key]')
  })

  it('of any characters is found in all of these forms, anywhere', () => {
    const secrets = fc
      .string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 30 })
      .filter((text) => text.trim().length >= 8)
    const forms = [
      (text: string) => text,
      (text: string) => JSON.stringify(text).slice(1, -1),
      (text: string) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
      encodeURIComponent,
    ]
    fc.assert(
      fc.property(secrets, fc.constantFrom(...forms), (text, form) => {
        expect(redacted(`<<${form(text)}>>`, [text])).not.toContain(form(text))
      }),
    )
  })

  it('leaves texts without it alone', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(redacted(text, ['sk-not-in-there-0123'])).toBe(text)
      }),
    )
  })

  it('that was cut leaves no four letters of it', () => {
    const key = 'correct-horse-battery'
    for (let from = 0; from < key.length; from++) {
      expect(redactedCut(`${key.slice(from)} is the rest`, [key])).not.toMatch(/rect|hors|orse|batt|ttery/)
      expect(redactedCut(`the start is ${key.slice(0, from)}`, [key])).not.toMatch(/corr|rect|hors|batt/)
    }
  })
})
