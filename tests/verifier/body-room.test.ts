import { describe, expect, it } from 'vitest'
import { createBodyRoom } from '../../verifier/serve/body-room.ts'

const mebibyte = 1024 * 1024

/** Enters, and notes the name when there is room. */
async function enter(room: ReturnType<typeof createBodyRoom>, bytes: number, name: string, entered: string[]) {
  const leave = await room.enter(bytes)
  entered.push(name)
  return leave
}

describe('the room for bodies', () => {
  it('lets requests in by their bytes, in the order of arrival, and counts their bytes', async () => {
    const room = createBodyRoom(4 * mebibyte, 10)
    const entered: string[] = []
    const first = await enter(room, 3 * mebibyte, 'first', entered)
    const big = enter(room, 2 * mebibyte, 'big', entered)
    // This body fits beside the first, and still waits for its turn.
    const small = enter(room, 10, 'small', entered)
    await new Promise(setImmediate)
    expect(entered).toEqual(['first'])
    expect(room.heldBytes()).toBe(3 * mebibyte)
    first?.()
    first?.()
    const leaves = await Promise.all([big, small])
    expect(entered).toEqual(['first', 'big', 'small'])
    expect(room.heldBytes()).toBe(2 * mebibyte + 10)
    for (const leave of leaves) leave?.()
    expect(room.heldBytes()).toBe(0)
  })

  it('lets a body that is larger than the room in alone', async () => {
    const room = createBodyRoom(2 * mebibyte, 10)
    const entered: string[] = []
    const huge = await enter(room, 64 * mebibyte, 'huge', entered)
    const next = enter(room, 1, 'next', entered)
    await new Promise(setImmediate)
    expect(entered).toEqual(['huge'])
    huge?.()
    await next
    expect(entered).toEqual(['huge', 'next'])
  })

  it('refuses a request at once when too many wait', async () => {
    const room = createBodyRoom(mebibyte, 1)
    const first = await room.enter(1)
    const waiting = room.enter(1)
    expect(await room.enter(1)).toBeNull()
    first?.()
    expect(await waiting).not.toBeNull()
  })
})
