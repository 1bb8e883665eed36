import { describe, expect, it } from 'vitest'
import { filesLike, read } from './sources.ts'

const widest = 100
/** Lines that nobody can break: a link, a path, a directive for a tool. */
const unbreakable =
  /https?:\/\/|^\s*(?:\/\/|#) (?:oxlint|@ts|yaml-language-server|noqa|type:)|^\s*(?:\/\/|#|\*)?\s*\S+$/

/** Comment lines of a file that are wider than a reader's screen, as `path:line`. */
function wideComments(path: string): string[] {
  const mark = path.endsWith('.py') ? /^\s*#/ : /^\s*(?:\/\/|\/?\*)/
  return read(path)
    .split('\n')
    .flatMap((line, index) =>
      line.length > widest && mark.test(line) && !unbreakable.test(line) ? [`${path}:${index + 1}`] : [],
    )
}

/** Lines of prose of a document that are too wide. Tables and blocks of code cannot be broken. */
function wideProse(path: string): string[] {
  let isCode = false
  return read(path)
    .split('\n')
    .flatMap((line, index) => {
      if (line.trimStart().startsWith('```')) isCode = !isCode
      const isFree = isCode || /^\s*\||^ {4}/.test(line) || unbreakable.test(line)
      return line.length > widest && !isFree ? [`${path}:${index + 1}`] : []
    })
}

describe('what a maintainer reads', () => {
  it(`has comments of at most ${widest} columns`, () => {
    const files = filesLike('*.ts', '*.py', '*.mjs').filter((path) => !path.startsWith('tests/upgrade/fixtures/'))
    expect(files.length).toBeGreaterThan(500)
    expect(files.flatMap(wideComments)).toEqual([])
  })

  it(`has documents of at most ${widest} columns`, () => {
    const documents = filesLike('*.md').filter((path) => !path.startsWith('data/steps/prompts/'))
    expect(documents.length).toBeGreaterThan(15)
    expect(documents.flatMap(wideProse)).toEqual([])
  })

  it('has no file of more than 350 lines', () => {
    const files = filesLike('*.ts', '*.py')
    const long = files
      .map((path) => ({ path, lines: read(path).split('\n').length - 1 }))
      .filter(({ lines }) => lines > 350)
      // The wrapper is one long file on purpose: Hone copies it to nodes, where it runs on Python's
      // standard library alone.
      .filter(({ path }) => path !== 'jobs/wrapper.py')
    expect(long).toEqual([])
  })
})
