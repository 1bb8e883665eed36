import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blob, folderOf, jsonl, parquet, picture, tar, zip } from './files.ts'
import { read } from './reading.ts'

const image = await picture()
const query = `select 'Q' as question, ${blob(image)} as image`
const row = { question: 'Q', image: 'a.png' }

const refused = (message: string, nextStep: string) => ({
  type: 'InvalidSource',
  message: expect.stringContaining(message),
  nextStep: expect.stringContaining(nextStep),
})

describe('shards', () => {
  it('that are missing are named, and may be left out', async () => {
    const folder = await folderOf()
    for (const shard of [0, 2]) await parquet(join(folder, `train-0000${shard}-of-00004-ab${shard}.parquet`), query)
    const why = refused(
      '2 of 4 shards are missing: train-00001-of-00004.parquet, train-00003-of-00004.parquet',
      '--allow-missing-shards',
    )
    await expect(read(folder)).rejects.toMatchObject(why)
    await expect(read(join(folder, '*.parquet'))).rejects.toMatchObject(why)
    const { prepared, short } = await read(folder, { allowMissingShards: true })
    expect(short).toHaveLength(2)
    expect(prepared.notes[0]).toContain('2 of 4 shards are missing')
    expect(prepared.notes[0]).toContain('about 2 rows')
  })

  it('of which the user names one are read alone', async () => {
    const folder = await folderOf()
    const file = join(folder, 'train-00001-of-00004.parquet')
    await parquet(file, query)
    expect((await read(file)).short).toHaveLength(1)
  })

  it('of two versions are refused', async () => {
    const folder = await folderOf()
    for (const name of ['0-of-00001', '0-of-00002', '1-of-00002'])
      await parquet(join(folder, `train-0000${name}.parquet`), query)
    await expect(read(folder)).rejects.toMatchObject(refused('of two versions', 'remove the older ones'))
  })

  it('of JSONL in a folder are one source', async () => {
    const folder = await folderOf({
      'a.png': image,
      'train-00000-of-00002.jsonl': jsonl([row]),
      'train-00001-of-00002.jsonl': jsonl([row]),
    })
    expect((await read(folder)).short).toHaveLength(2)
  })
})

describe('configs that share the name of a split', () => {
  it('are never mixed, and one is picked by its name', async () => {
    const folder = await folderOf()
    for (const [config, rows] of Object.entries({ algebra: 2, geometry: 3 }))
      await parquet(join(folder, `data/${config}/train-00000-of-00001.parquet`), `${query} from range(${rows})`)
    const why = refused('2 parts, which are never mixed: algebra/train, geometry/train', '--split algebra/train')
    await expect(read(folder)).rejects.toMatchObject(why)
    await expect(read(folder, { split: 'train' })).rejects.toMatchObject(why)
    expect((await read(folder, { split: 'geometry/train' })).short).toHaveLength(3)
    expect((await read(folder, { split: 'algebra' })).short).toHaveLength(2)
  })

  it('and splits that are folders are told apart', async () => {
    const folder = await folderOf()
    await parquet(join(folder, 'default/train/0000.parquet'), `${query} from range(2)`)
    await parquet(join(folder, 'default/test/0000.parquet'), query)
    await expect(read(folder)).rejects.toMatchObject(refused('2 splits: test, train', '--split train'))
    expect((await read(folder, { split: 'train' })).short).toHaveLength(2)
  })
})

it('a pointer of Git LFS is refused with the command that fetches the file', async () => {
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:66\nsize 146946961\n'
  for (const name of ['a.jsonl', 'a.json', 'a.csv', 'train-00000-of-00001.parquet', 'a.png', 'a.zip', 'a.arrow']) {
    const folder = await folderOf({ [name]: pointer })
    for (const source of name === 'a.zip' ? [join(folder, name)] : [folder, join(folder, name)])
      await expect(read(source)).rejects.toMatchObject(refused('(146946961 bytes) is not here', 'lfs pull'))
  }
  const folder = await folderOf({ 'a.png': pointer, 'rows.jsonl': jsonl([row]) })
  expect((await read(folder)).rows[0]?.row.failure?.detail).toContain('Git LFS pointer')
})

it('settings and descriptions beside the rows are no rows', async () => {
  const folder = await folderOf({
    'a.png': image,
    'config.json': '{"version": 1}',
    'preprocessor_config.json': '{"size": {"a": 1}}',
    'README.json': '[]',
    'about.json': '{"license": "MIT", "authors": ["x"]}',
    'rows.json': JSON.stringify([row]),
  })
  expect((await read(folder)).short).toEqual([{ id: '1', question: 'Q', answer: null, pictures: 1 }])
})

describe('questions and annotations', () => {
  const questions = (split: string) => ({
    data_subtype: split,
    questions: [{ question_id: 1, image: 'a.png', question: `Q ${split}` }],
  })
  const annotations = { annotations: [{ question_id: 1, multiple_choice_answer: 'yes' }] }
  const files = {
    'a.png': image,
    'v2_OpenEnded_train2014_questions.json': JSON.stringify(questions('train')),
    'v2_train2014_annotations.json': JSON.stringify(annotations),
  }
  const answered = (split: string) => [
    expect.objectContaining({
      fields: expect.objectContaining({ question: `Q ${split}`, multiple_choice_answer: 'yes' }),
    }),
  ]
  const recordsOf = async (sources: string | string[], split?: string): Promise<unknown[]> => {
    const { prepared } = await read(sources, { split })
    const found: unknown[] = []
    for await (const batch of prepared.source.reader.read()) found.push(...batch)
    return found
  }

  it('of a folder are joined', async () => {
    expect(await recordsOf(await folderOf(files))).toEqual(answered('train'))
  })

  it('of several splits are joined for the split that is named', async () => {
    const folder = await folderOf({
      ...files,
      'v2_OpenEnded_val2014_questions.json': JSON.stringify(questions('val')),
      'v2_val2014_annotations.json': JSON.stringify(annotations),
    })
    await expect(read(folder)).rejects.toThrow('4 files of rows')
    expect(await recordsOf(folder, 'val')).toEqual(answered('val'))
  })

  it('are refused alone, with the command that joins them', async () => {
    const folder = await folderOf(files)
    const one = join(folder, 'v2_OpenEnded_train2014_questions.json')
    const other = join(folder, 'v2_train2014_annotations.json')
    await expect(read(one)).rejects.toMatchObject(refused('holds questions alone', `hone import ${one} ${other}`))
    await expect(read(other)).rejects.toMatchObject(refused('holds annotations alone', `hone import ${other} ${one}`))
    expect(await recordsOf([one, other])).toEqual(answered('train'))
  })
})

describe('archives of pictures', () => {
  it.each([
    ['images.zip with the folder inside', 'images.zip', 'images/1.png', 'images/1.png'],
    ['images.zip without the folder', 'images.zip', '1.png', 'images/1.png'],
    ['pictures by their bare names', 'pics.zip', 'pics/deep/1.png', '1.png'],
  ])('beside the rows: %s', async (_, archive, entry, path) => {
    const unpackBelow = await folderOf()
    const folder = await folderOf({
      'rows.jsonl': jsonl([{ question: 'Q', image: path }]),
      [archive]: zip([{ name: entry, content: image }]),
    })
    const { short, prepared } = await read(folder, { unpackBelow })
    expect(short).toEqual([{ id: '1', question: 'Q', answer: null, pictures: 1 }])
    expect(prepared.notes).toContain(`${archive} was unpacked for the pictures in it`)
    expect(await readdir(unpackBelow)).toEqual([])
  })

  it('are not unpacked where the pictures are there', async () => {
    const folder = await folderOf({ 'a.png': image, 'rows.jsonl': jsonl([row]), 'images.zip': 'broken' })
    expect((await read(folder)).short).toMatchObject([{ pictures: 1 }])
  })

  it('may be named with --images', async () => {
    const folder = await folderOf({
      'rows.jsonl': jsonl([row]),
      'pics.tar.gz': await tar([{ name: 'a.png', content: image }], true),
    })
    expect((await read(join(folder, 'rows.jsonl'), { images: [join(folder, 'pics.tar.gz')] })).short).toMatchObject([
      { pictures: 1 },
    ])
  })

  it('with names that lead outside are refused, and nothing is left', async () => {
    const unpackBelow = await folderOf()
    const folder = await folderOf({
      'rows.jsonl': jsonl([row]),
      'images.zip': zip([{ name: '../a.png', content: image }]),
    })
    await expect(read(folder, { unpackBelow })).rejects.toThrow(/images\.zip is not unpacked/)
    expect(await readdir(unpackBelow)).toEqual([])
  })

  it('a name after --images that is no folder is refused at once', async () => {
    const folder = await folderOf({ 'rows.jsonl': jsonl([row]) })
    for (const [name, why] of [
      ['nowhere', 'is not there'],
      ['rows.jsonl', 'is neither a folder nor an archive'],
    ])
      await expect(read(join(folder, 'rows.jsonl'), { images: [join(folder, name ?? '')] })).rejects.toThrow(why)
  })

  it('no message names the folder of unpacked files', async () => {
    const unpackBelow = await folderOf()
    const archive = zip([
      { name: 'rows.jsonl', content: jsonl([row, { question: 'Q', image: 'broken.png' }, { question: 'Q' }]) },
      { name: 'broken.png', content: 'no picture' },
    ])
    const folder = await folderOf({ 'set.zip': archive, 'two.zip': zip([{ name: 'a.jsonl' }, { name: 'b.jsonl' }]) })
    const { rows } = await read(join(folder, 'set.zip'), { unpackBelow })
    const details = rows.map(({ row: { failure } }) => failure?.detail ?? '')
    expect(details.join('\n')).not.toContain(unpackBelow)
    expect(details[0]).toContain(join(folder, 'set.zip'))
    await expect(read(join(folder, 'two.zip'), { unpackBelow })).rejects.toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(unpackBelow) }),
    )
  })
})

describe('a folder of pictures', () => {
  const bmp = Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)])

  it('counts all files that it does not read', async () => {
    const folder = await folderOf({ 'a.png': image, 'b.bmp': bmp, 'c.BMP': bmp, 'd.heic': 'x', 'e.txt': 'x', f: 'x' })
    const { prepared, short } = await read(folder)
    expect(short).toHaveLength(1)
    expect(prepared.notes.slice(0, 1)).toEqual([
      '3 pictures are in formats that are not read: .bmp (2), .heic (1); convert them to PNG first; ' +
        '2 files are no pictures and are not read: .txt (1), no ending (1)',
    ])
  })

  it('without a picture that can be read is refused with their formats', async () => {
    const folder = await folderOf({ 'b.bmp': bmp, 'c.jp2': 'x' })
    await expect(read(folder)).rejects.toThrow('2 pictures are in formats that are not read: .bmp (1), .jp2 (1)')
  })

  it.each([
    ['BMP', bmp],
    ['HEIC', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic')],
    ['JPEG 2000', Buffer.from('\0\0\0\x0cjP  \r\n\x87\n')],
  ])('a row that points to %s fails with the name of the format', async (format, content) => {
    const folder = await folderOf({ 'a.png': content, 'rows.jsonl': jsonl([row]) })
    const failure = (await read(folder)).rows[0]?.row.failure
    expect(failure).toMatchObject({
      reason: 'image-broken',
      detail: expect.stringContaining(`${format} is not a picture`),
    })
  })
})
