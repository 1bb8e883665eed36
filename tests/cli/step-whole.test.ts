import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StepFolder } from './step-world.ts'
import { hone } from './terminal.ts'

let folder: StepFolder
beforeEach(() => {
  folder = new StepFolder()
})
afterEach(() => folder.remove())

describe('the evidence that a step reads as a whole', () => {
  const asked = (id: string, image: string, question: string) => ({ id, images: [image], question, answer: '1' })

  it('is its own input when it looks for duplicates', async () => {
    await folder.picture('a.png', 1)
    await folder.picture('same.png', 1)
    folder.writeLines('in.jsonl', [
      asked('first', 'a.png', 'How many?'),
      asked('other', 'a.png', 'What color is it?'),
      asked('again', 'same.png', 'how  many ?'),
      asked('first', 'a.png', 'an id twice'),
    ])
    const argv = ['step', 'dedupe', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl'), '--json']
    expect(JSON.parse((await hone(argv)).out)).toMatchObject({ kept: 2, dropped: 1, failed: 1, doneBefore: 0 })
    expect(folder.read('out.jsonl').map(({ id, status }) => `${id} ${status}`)).toEqual([
      'first kept',
      'other kept',
      'again dropped',
      'line-4 failed',
    ])
    expect(JSON.parse((await hone(argv)).out)).toMatchObject({ doneBefore: 3 })
  })

  it('is benchmarks when it looks for contamination', async () => {
    await folder.picture('a.png', 1)
    await folder.picture('b.png', 70_000)
    await folder.picture('bench/a.png', 1)
    folder.writeLines('bench/items.jsonl', [asked('item', 'a.png', 'How many shapes?')])
    folder.writeLines('in.jsonl', [
      asked('leak', 'a.png', 'How many shapes?'),
      asked('clean', 'b.png', 'Where is the cat?'),
    ])
    const argv = ['step', 'decontaminate', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl')]
    expect((await hone([...argv, '--benchmark', `dev=${folder.at('bench/items.jsonl')}`])).code).toBe(0)
    expect(folder.read('out.jsonl').map(({ id, reason }) => [id, reason ?? 'kept'])).toEqual([
      ['leak', 'leak'],
      ['clean', 'kept'],
    ])
    // A changed benchmark makes the step look at every row again.
    folder.writeLines('bench/items.jsonl', [asked('item', 'a.png', 'Something else entirely?')])
    await hone([...argv, '--benchmark', `dev=${folder.at('bench/items.jsonl')}`])
    // The same plain picture alone proves no leak.
    expect(folder.read('out.jsonl')[0]).toMatchObject({ id: 'leak', status: 'kept' })
  })

  it('is named files, dropped rows included', async () => {
    const judged = (id: string, source: string, verdict: string) => ({
      ...asked(id, 'a.png', `question ${id}`),
      metadata: { source },
      verdict: { verdict, reason: 'x', verifierVersion: '1' },
      status: verdict === 'correct' ? 'kept' : 'dropped',
    })
    folder.writeLines('probe.jsonl', [
      ...Array.from({ length: 6 }, (_, at) => judged(`e${at}`, 'easy', 'correct')),
      ...Array.from({ length: 6 }, (_, at) => judged(`m${at}`, 'mid', at < 3 ? 'correct' : 'incorrect')),
      ...Array.from({ length: 6 }, (_, at) => judged(`h${at}`, 'hard', 'incorrect')),
    ])
    folder.writeLines(
      'in.jsonl',
      ['easy', 'mid', 'hard'].map((source) => ({ ...asked(source, 'a.png', 'q'), metadata: { source } })),
    )
    const argv = ['step', 'grade-difficulty', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl')]
    expect((await hone([...argv, '--evidence', `probe=${folder.at('probe.jsonl')}`])).code).toBe(0)
    expect(folder.read('out.jsonl').map(({ metadata }) => metadata['difficulty'])).toEqual(['easy', 'medium', 'hard'])
  })
})
