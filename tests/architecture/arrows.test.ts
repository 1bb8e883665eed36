import { describe, expect, it } from 'vitest'
import { arrows } from './arrows.ts'
import { circlesIn, importsOf, productFiles } from './sources.ts'

const rooms = Object.keys(arrows).toSorted((a, b) => b.length - a.length)
const roomOf = (path: string): string => rooms.find((room) => path.startsWith(`${room}/`)) ?? path.split('/')[0] ?? path

const graph = new Map(productFiles().map((path) => [path, importsOf(path)]))
/** All arrows between rooms in the code, each with a file that imports along it. */
const drawn = new Map(
  [...graph].flatMap(([path, imports]) =>
    imports
      .map((target) => ({ from: roomOf(path), to: roomOf(target) }))
      .filter(({ from, to }) => from !== to)
      .map(({ from, to }): [arrow: string, path: string] => [`${from} → ${to}`, path]),
  ),
)

describe('arrows between rooms', () => {
  it('are all allowed by the list', () => {
    const allowed = new Set<string>(
      Object.entries(arrows).flatMap(([from, targets]) => targets.map((to) => `${from} → ${to}`)),
    )
    expect(drawn.size).toBeGreaterThan(80)
    expect([...drawn].filter(([arrow]) => !allowed.has(arrow))).toEqual([])
  })

  it('are on the list only while a file needs them', () => {
    const listed = Object.entries(arrows).flatMap(([from, targets]) => targets.map((to) => `${from} → ${to}`))
    expect(listed.filter((arrow) => !drawn.has(arrow))).toEqual([])
  })

  it('lead nowhere in a circle', () => {
    expect(circlesIn(new Map(Object.entries(arrows)))).toEqual([])
  })
})

describe('imports between files', () => {
  it('lead nowhere in a circle, types included', () => {
    expect(graph.size).toBeGreaterThan(300)
    expect(circlesIn(graph)).toEqual([])
  })

  it('are found when they form a circle', () => {
    const files = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['a']],
      ['d', ['a']],
    ])
    expect(circlesIn(files)).toEqual([['a', 'b', 'c']])
  })
})
