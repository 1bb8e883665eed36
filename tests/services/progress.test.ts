import { expect, test } from 'vitest'
import { createProgress } from '../../services/progress.ts'

function record(isTTY: boolean): { text: () => string; output: { write: (s: string) => void; isTTY: boolean } } {
  let all = ''
  return { text: () => all, output: { write: (s) => void (all += s), isTTY } }
}

test('a pipe gets one plain line a change', () => {
  const { text, output } = record(false)
  const progress = createProgress(output)
  progress.start('Python')
  progress.update('3 of 80 packages')
  progress.update('4 of 80 packages')
  progress.done('ready')
  progress.start('Temporal')
  progress.fail()
  expect(text()).toBe('Python …\nPython: 3 of 80 packages\nPython: ready, ready\nTemporal …\nTemporal: failed\n')
})

test('a terminal gets one live line that ends in a mark', () => {
  const { text, output } = record(true)
  const progress = createProgress(output)
  progress.start('Python')
  progress.update('x')
  progress.done('y')
  expect(text()).toContain('· x')
  expect(text().endsWith('✔ Python · y\n')).toBe(true)
})

test('quiet says nothing', () => {
  const { text, output } = record(true)
  const progress = createProgress(output, true)
  progress.start('Python')
  progress.done()
  expect(text()).toBe('')
})
