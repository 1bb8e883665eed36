import sharp from 'sharp'

/** Pixels as the model should see them: RGB, row by row. */
export interface Pixels {
  data: Buffer
  width: number
  height: number
}

/** A picture in a form that decoders read in several ways. */
export interface OddPicture {
  name: string
  bytes: Buffer
  /** What the definition of docs/pictures.md gives, computed here without any decoder. */
  expected: Pixels
  /**
   * Most that a channel may differ: 0 for lossless files. Of CMYK only the ways are compared with
   * each other, because its profile decides the colours.
   */
  tolerance: number
  /** Whether every decoder reads the file alike, so that it is shown as it is. */
  isPlain: boolean
  /** Whether Pillow cannot know the colours: a CMYK file without a profile. */
  isOnlyForSharp?: true
}

const width = 64
const height = 40
type Colour = readonly [red: number, green: number, blue: number]
type At = (x: number, y: number) => readonly number[]

const scene = (x: number, y: number): Colour => [x * 4, y * 6, 255 - x * 2 - y]
const alphaAt = (x: number, y: number): number => (x * 4 + y) % 256

const filled = (channels: number, at: At): Buffer =>
  Buffer.from(Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))).flat()).subarray(
    0,
    width * height * channels,
  )
const pixels = (at: At): Pixels => ({ data: filled(3, at), width, height })
const raw = (channels: 1 | 2 | 3 | 4, at: At) => sharp(filled(channels, at), { raw: { width, height, channels } })
const deep = (channels: 1 | 3, at: At) =>
  sharp(
    new Uint16Array(Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))).flat()),
    {
      raw: { width, height, channels },
    },
  )

/** A colour on white, as libvips rounds it. */
const onWhite = (colour: readonly number[], alpha: number): number[] =>
  colour.map((value) => Math.floor((value * alpha + 255 * (255 - alpha)) / 255))

/** The scene turned as EXIF orientation 6 says: a quarter to the right. */
const turned = (): Pixels => {
  const at = (x: number, y: number) => scene(y, height - 1 - x)
  const data = Array.from({ length: width * height }, (_, i) => at(i % height, Math.floor(i / height))).flat()
  return { data: Buffer.from(data), width: height, height: width }
}

const black: Colour = [0, 0, 0]
/** Drawings have few colours, so a palette keeps each of them. */
const drawing = (x: number): Colour => (x < 20 ? black : x < 40 ? [200, 30, 30] : [30, 30, 200])
const drawnAlpha = (x: number, y: number): number => (y < 10 ? 0 : x < 20 ? 128 : 255)

/** Pictures of all the kinds that the definition names, with two plain ones. */
export async function oddPictures(): Promise<OddPicture[]> {
  const whole = pixels(scene)
  const see = raw(3, scene)
  const frames = [await see.clone().png().toBuffer(), await see.clone().negate().png().toBuffer()]
  const grey = (x: number, y: number) => (x * 3 + y) % 256
  const high = (x: number, y: number) => (x * 1021 + y * 37) % 65_536
  const drawn = pixels((x, y) => onWhite(drawing(x), drawnAlpha(x, y)))
  const lossy = async (name: string, bytes: Promise<Buffer>, tolerance: number) => ({
    name,
    bytes: await bytes,
    expected: whole,
    tolerance,
    isPlain: false,
  })
  const exact = async (name: string, bytes: Promise<Buffer>, expected: Pixels, isPlain = false) => ({
    name,
    bytes: await bytes,
    expected,
    tolerance: 0,
    isPlain,
  })
  const p3 = see.clone().withIccProfile('p3')
  return [
    await exact('rgb.png', see.clone().png().toBuffer(), whole, true),
    await exact('srgb-profile.png', see.clone().withIccProfile('srgb').png().toBuffer(), whole, true),
    await exact(
      'grey.png',
      raw(1, (x, y) => [grey(x, y)])
        .toColourspace('b-w')
        .png()
        .toBuffer(),
      pixels((x, y) => [grey(x, y), grey(x, y), grey(x, y)]),
      true,
    ),
    await exact('rgb.webp', see.clone().webp({ lossless: true }).toBuffer(), whole, true),
    await exact(
      'alpha.png',
      raw(4, (x, y) => [...scene(x, y), alphaAt(x, y)])
        .png()
        .toBuffer(),
      pixels((x, y) => onWhite(scene(x, y), alphaAt(x, y))),
    ),
    await exact(
      'alpha.webp',
      raw(4, (x, y) => [...drawing(x), drawnAlpha(x, y)])
        .webp({ lossless: true, exact: true })
        .toBuffer(),
      drawn,
    ),
    await exact(
      'palette.png',
      raw(4, (x, y) => [...drawing(x), drawnAlpha(x, y)])
        .png({ palette: true, colours: 16, dither: 0 })
        .toBuffer(),
      drawn,
    ),
    await exact(
      'grey-alpha.png',
      raw(2, (x, y) => [grey(x, y), alphaAt(x, y)])
        .toColourspace('b-w')
        .png()
        .toBuffer(),
      pixels((x, y) => onWhite([grey(x, y), grey(x, y), grey(x, y)], alphaAt(x, y))),
    ),
    await exact(
      'grey-16.png',
      deep(1, (x, y) => [high(x, y)])
        .toColourspace('grey16')
        .png()
        .toBuffer(),
      pixels((x, y) => [high(x, y) >> 8, high(x, y) >> 8, high(x, y) >> 8]),
    ),
    await exact(
      'rgb-16.png',
      deep(3, (x, y) => [high(x, y), high(y, x), 65_535 - high(x, y)])
        .toColourspace('rgb16')
        .png()
        .toBuffer(),
      pixels((x, y) => [high(x, y) >> 8, high(y, x) >> 8, (65_535 - high(x, y)) >> 8]),
    ),
    await exact('turned.png', see.clone().withMetadata({ orientation: 6 }).png().toBuffer(), turned()),
    await exact(
      'animated.webp',
      sharp(frames, { join: { animated: true } })
        .webp({ lossless: true })
        .toBuffer(),
      whole,
    ),
    await exact('lossless.tiff', see.clone().tiff({ compression: 'lzw' }).toBuffer(), whole),
    {
      ...(await lossy(
        'turned.jpg',
        see.clone().withMetadata({ orientation: 6 }).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer(),
        4,
      )),
      expected: turned(),
    },
    await lossy(
      'animated.gif',
      sharp(frames, { join: { animated: true } })
        .gif({ dither: 0 })
        .toBuffer(),
      40,
    ),
    await lossy('wide-colours.png', p3.png().toBuffer(), 8),
    await lossy(
      'cmyk.jpg',
      see.clone().toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 100 }).toBuffer(),
      255,
    ),
    {
      ...(await lossy('bare-cmyk.jpg', see.clone().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(), 255)),
      isOnlyForSharp: true,
    },
  ]
}

/** The pixels of a file, as a decoder gives them that only asks for RGB. */
export async function decoded(bytes: Buffer): Promise<Pixels> {
  const { data, info } = await sharp(bytes)
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

/** The greatest difference of a channel; infinite for pictures of different sizes. */
export function difference(one: Pixels, other: Pixels): number {
  if (one.width !== other.width || one.height !== other.height) return Infinity
  return one.data.reduce((most, value, at) => Math.max(most, Math.abs(value - (other.data[at] ?? 0))), 0)
}
