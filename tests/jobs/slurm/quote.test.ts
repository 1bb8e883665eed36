import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shellLine, shellWord } from '../../../jobs/launchers/slurm/quote.ts'

const shells = ['/bin/sh', '/bin/bash', '/bin/zsh', '/bin/csh', '/bin/tcsh', '/usr/bin/fish'].filter(existsSync)
const characters = `ab '"\\!$\`*?[]{}()<>|&;#~^%=-/é 1`.split('')
const word = fc.string({ unit: fc.constantFrom(...characters) }).map((text) => text.replaceAll(/[\n\r\0]/g, ''))

describe('words for a login shell', () => {
  test.each(shells)('come out of %s as they went in', (shell) => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const line = shellLine(['printf', '%s\\n', ...words])
        expect(execFileSync(shell, ['-c', line], { encoding: 'utf8' })).toBe(words.map((text) => `${text}\n`).join(''))
      }),
      { numRuns: 60 },
    )
  })

  test('that need no quotes have none', () => {
    expect(shellWord('--format=%i|%T')).toBe("'--format=%i|%T'")
    expect(shellWord('--job-name=hone-a.b_c-1')).toBe('--job-name=hone-a.b_c-1')
    expect(shellWord('')).toBe("''")
  })

  test('that no line can carry are refused', () => {
    for (const text of ['a\nb', 'a\0b', 'a\rb']) expect(() => shellWord(text)).toThrow(/line break/)
  })
})
