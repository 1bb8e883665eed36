import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { environmentsOf } from '../../jobs/site/environments.ts'
import { openPlaces } from '../../jobs/site/open-places.ts'
import { parseSite, readSite, siteJsonSchemaText } from '../../jobs/site/read-site.ts'
import { plainSite, plannedPlace } from '../../jobs/site/site.ts'

let folder = ''
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hone-site-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const site = (text: string) => parseSite(`hone: 1\n${text}`, 'site.yaml')
const noneMade = () => null

const open = (text: string, made: Parameters<typeof openPlaces>[0]['made'] = noneMade) =>
  openPlaces({
    site: site(text),
    runs: folder,
    python: 'python3',
    slots: 1,
    made,
    shared: { PYTHONPATH: '/pkg' },
    reward: { url: 'http://127.0.0.1:8100', tokenEnv: 'TOKEN' },
  })

describe('a site file', () => {
  it('is this machine alone where there is none, unless one was named', async () => {
    expect(await readSite(folder)).toEqual(plainSite)
    expect(plannedPlace(plainSite, null)).toMatchObject({ name: 'local', launcher: 'local' })
    await expect(readSite(folder, join(folder, 'my.yaml'))).rejects.toThrow(/cannot read the site file .*my\.yaml/)
    await writeFile(join(folder, 'site.yaml'), 'hone: 1\nplaces: { box: { launcher: local, gpus: [0] } }\n')
    expect(Object.keys((await readSite(folder)).places)).toEqual(['box'])
  })

  it.each([
    ['no version', 'places: {}', /hone: /],
    ['an unknown key', 'hone: 1\nplaces: { box: { launcher: local, partiton: gpu } }', /places\.box: .*partiton/s],
    ['an unknown launcher', 'hone: 1\nplaces: { box: { launcher: pbs } }', /places\.box\.launcher/],
    ['a default that is no place', 'hone: 1\ndefault: moon', /default: this place is not among the places/],
    [
      'an environment of two kinds',
      'hone: 1\nenvironments: { trl: { python: /a, conda: /b } }',
      /environments\.trl: give exactly one of python, conda and image/,
    ],
    ['a module that is a command', 'hone: 1\nplaces: { a: { launcher: local, modules: ["x; rm -rf /"] } }', /modules/],
    ['broken YAML', 'hone: [1', /not a valid site file/],
  ])('is refused with the path of the field: %s', (_, text, message) => {
    expect(() => parseSite(text, 'site.yaml')).toThrow(message)
  })

  it('has a JSON Schema that is as new as its keys', () => {
    const written = readFileSync(new URL('../../recipes/site.schema.json', import.meta.url), 'utf8')
    expect(written, 'run: npx tsx jobs/site/write-site-schema.ts').toBe(siteJsonSchemaText())
  })
})

describe('a place', () => {
  it('gives a product its own environment, then the site’s, then the one that Hone made', () => {
    const places = open(
      `environments: { trl: { python: /site/bin/python, env: { A: site } } }
places:
  one: { launcher: local, modules: [cuda/12.4], setup: ['ulimit -n 4096'], env: { B: place } }
  two:
    launcher: local
    environments:
      trl: { conda: /envs/trl }
      vllm: { image: vllm.sif, modules: [apptainer] }`,
      (name) => (name === 'llamafactory' ? { python: '/made/python', env: { C: 'made' } } : null),
    )
    expect(places.get('one').environment('trl')).toEqual({
      name: 'trl',
      python: '/site/bin/python',
      prefix: [],
      env: { PYTHONPATH: '/pkg', A: 'site', B: 'place' },
      setup: ['module load cuda/12.4', 'ulimit -n 4096'],
    })
    expect(places.get('two').environment('trl')).toMatchObject({ python: '/envs/trl/bin/python', setup: [] })
    expect(places.get('two').environment('vllm')).toMatchObject({
      python: 'python3',
      prefix: ['apptainer', 'exec', '--nv', 'vllm.sif'],
      setup: ['module load apptainer'],
    })
    expect(places.get('two').environment('llamafactory')).toMatchObject({ python: '/made/python', env: { C: 'made' } })
    expect(() => places.get('two').environment('swift')).toThrow(/place "two" has no environment "swift"/)
    expect(() =>
      environmentsOf({ name: 'x', environments: {}, modules: [], setup: [], env: {} }, {}, noneMade, {})('a'),
    ).toThrow(/no environment "a"/)
  })

  it('that the site lacks is refused with those it has', () => {
    const places = open('places: { box: { launcher: local } }')
    expect(() => places.get('moon')).toThrow(/there is no place "moon": the site file has local, box/)
    expect(places.get(null).name).toBe('local')
    expect(open('default: box\nplaces: { box: { launcher: local } }').get(null).name).toBe('box')
  })

  it('asks the reward server by its own address on this machine', () => {
    const text =
      'reward: { listen: 0.0.0.0, host: login1 }\nplaces: { far: { launcher: local, rewardUrl: "http://x:1" } }'
    const places = open(text)
    expect(places.get('local').reward).toEqual({ url: 'http://127.0.0.1:8100', tokenEnv: 'TOKEN' })
    expect(places.get('far').reward.url).toBe('http://x:1')
  })
})
