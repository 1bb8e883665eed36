import { expect, test } from 'vitest'
import { createProgress } from '../../services/progress.ts'

function record(isTTY: boolean): { text: () => string; output: { write: (s: string) => void; isTTY: boolean } } {
  let all = ''
  return { text: () => all, output: { write: (s) => void (all += s), isTTY } }
}

test('a pipe gets one plain line for each change', () => {
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

test('quiet prints nothing', () => {
  const { text, output } = record(true)
  const progress = createProgress(output, true)
  progress.start('Python')
  progress.done()
  expect(text()).toBe('')
})

test('parts that run side by side each keep a live line, and finished parts stay above them', () => {
  const { text, output } = record(true)
  const one = createProgress(output)
  const two = one.beside()
  one.start('Python')
  two.start('Temporal')
  one.update('3 of 80 packages')
  two.done('port 7233')
  one.fail()
  expect(screenOf(text())).toEqual(['✔ Temporal · port 7233', '✖ Python', ''])
})

test('the end of a part clears no line of other parts', () => {
  const { text, output } = record(true)
  const lanes = [createProgress(output)]
  for (let more = 0; more < 2; more += 1) lanes.push((lanes[0] ?? createProgress(output)).beside())
  lanes.forEach((lane, index) => lane.start(`part ${index}`))
  lanes[1]?.done()
  expect(screenOf(text()).map((line) => line.replace(/^\S /, ''))).toEqual(['part 1', 'part 0', 'part 2'])
})

test('a line in a pipe names its part', () => {
  const { text, output } = record(false)
  const one = createProgress(output)
  const two = one.beside()
  one.start('Python')
  two.start('Temporal')
  one.update('3 of 80 packages')
  two.done()
  one.done()
  expect(text()).toBe('Python …\nTemporal …\nPython: 3 of 80 packages\nTemporal: ready\nPython: ready\n')
})

/** The screen after these bytes. Knows carriage returns, cursor up and clear to the end. */
function screenOf(bytes: string): string[] {
  let lines = ['']
  let row = 0
  for (const [token] of bytes.replaceAll('\u001B', '⎋').matchAll(/\r|\n|⎋\[\d*[AJ]|[^\r\n⎋]+/g)) {
    if (token === '\r') continue
    if (token === '\n') row += 1
    else if (/^⎋\[\d+A$/.test(token)) row -= Number(token.slice(2, -1))
    else if (token === '⎋[J') lines = lines.slice(0, row)
    else lines[row] = token
    lines[row] ??= ''
  }
  return lines
}
