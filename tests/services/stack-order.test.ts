import { describe, expect, test } from 'vitest'
import { bringUpInOrder } from '../../services/stack/order.ts'
import type { StackParts } from '../../services/stack/order.ts'
import { sideBySide } from '../../services/stack/side-by-side.ts'

const python = { python: '/env/bin/python', env: {} }
const temporal = { address: '127.0.0.1:1', namespace: 'default', uiUrl: null }

/** Parts that run until the test ends them. `events` are their beginnings and ends, in order. */
class FakeParts {
  readonly events: string[] = []
  readonly #gates = new Map<string, { resolve: () => void; reject: (error: Error) => void }>()

  readonly parts: StackParts = {
    database: (signal) => this.#part('database', signal, { url: 'postgres://x' }),
    temporal: (signal) => this.#part('temporal', signal, temporal),
    python: (signal) => this.#part('python', signal, python),
    rewardServer: (signal) => this.#part('reward', signal, { url: 'http://reward' }),
    worker: (_, signal) => this.#part('worker', signal, null),
    demo: {
      teacher: (signal) => this.#part('teacher', signal, { url: 'http://teacher' }),
      world: (signal) => this.#part('world', signal, '/world'),
      baseModelPath: '/models/base',
      trainBaseModel: (_, signal) => this.#part('base', signal, null),
    },
  }

  async #part<Result>(name: string, signal: AbortSignal, result: Result): Promise<Result> {
    this.events.push(`${name} begins`)
    await new Promise<void>((resolve, reject) => {
      this.#gates.set(name, { resolve, reject })
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    }).finally(() => this.events.push(`${name} ends`))
    return result
  }

  /** Ends parts, then waits until the parts that depend on them have begun. */
  async end(...names: string[]): Promise<void> {
    for (const name of names) this.#gates.get(name)?.resolve()
    await new Promise((resolve) => setImmediate(resolve))
  }

  fail(name: string, error: Error): void {
    this.#gates.get(name)?.reject(error)
  }

  begun(): string[] {
    return this.events.filter((event) => event.endsWith('begins')).map((event) => event.split(' ')[0] ?? '')
  }
}

const never = new AbortController().signal

describe('the parts of the stack', () => {
  test('begin at the same time if they need nothing from each other', async () => {
    const fake = new FakeParts()
    const running = sideBySide(never, (start) => bringUpInOrder(fake.parts, start))
    await fake.end()
    expect(fake.begun()).toEqual(['database', 'temporal', 'reward', 'python', 'teacher', 'world'])
    await fake.end('python', 'world')
    expect(fake.begun().slice(6)).toEqual(['base'])
    await fake.end('database', 'temporal', 'reward', 'teacher')
    expect(fake.begun().slice(7)).toEqual(['worker'])
    await fake.end('worker', 'base')
    await expect(running).resolves.toEqual({
      databaseUrl: 'postgres://x',
      temporal,
      python,
      rewardUrl: 'http://reward',
      demo: { world: '/world', baseModel: '/models/base', teacherUrl: 'http://teacher' },
    })
  })

  test('are not up before the base model is trained', async () => {
    const fake = new FakeParts()
    let isUp = false
    const running = sideBySide(never, (start) => bringUpInOrder(fake.parts, start)).then(() => (isUp = true))
    await fake.end()
    await fake.end('database', 'temporal', 'reward', 'python', 'teacher', 'world')
    await fake.end('worker')
    expect(isUp).toBe(false)
    await fake.end('base')
    await running
    expect(isUp).toBe(true)
  })

  test('need no demo', async () => {
    const fake = new FakeParts()
    const running = sideBySide(never, (start) => bringUpInOrder({ ...fake.parts, demo: null }, start))
    await fake.end()
    await fake.end('database', 'temporal', 'reward', 'python')
    await fake.end('worker')
    await expect(running).resolves.toMatchObject({ demo: null })
    expect(fake.begun()).toEqual(['database', 'temporal', 'reward', 'python', 'worker'])
  })

  test.each(['database', 'temporal', 'reward', 'python', 'teacher', 'world'])(
    'all end when %s fails, and its error is the one that is thrown',
    async (name) => {
      const fake = new FakeParts()
      const running = sideBySide(never, (start) => bringUpInOrder(fake.parts, start))
      await fake.end()
      fake.fail(name, new Error(`${name} failed`))
      await expect(running).rejects.toThrow(`${name} failed`)
      expect(fake.events.filter((event) => event.endsWith('ends'))).toHaveLength(6)
      expect(fake.begun()).not.toContain('worker')
      expect(fake.begun()).not.toContain('base')
    },
  )
})
