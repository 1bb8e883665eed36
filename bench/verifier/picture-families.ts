import { digitChanged, either } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

// Tasks about pictures: boxes around objects, texts that are read, and values of charts.

type Corners = readonly [number, number, number, number]

const boxForms: readonly [(b: Corners) => string, ...((b: Corners) => string)[]] = [
  ([a, b, c, d]) => `[${a}, ${b}, ${c}, ${d}]`,
  ([a, b, c, d]) => `(${a}, ${b}, ${c}, ${d})`,
  ([a, b, c, d]) => `${a}, ${b}, ${c}, ${d}`,
  ([a, b, c, d]) => `{"x_min": ${a}, "y_min": ${b}, "x_max": ${c}, "y_max": ${d}}`,
  ([a, b, c, d]) => `{"y_min": ${b}, "x_min": ${a}, "y_max": ${d}, "x_max": ${c}}`,
  ([a, b, c, d]) => `{"xmin": ${a}, "ymin": ${b}, "xmax": ${c}, "ymax": ${d}}`,
  ([a, b, c, d]) => `{"x1": ${a}, "y1": ${b}, "x2": ${c}, "y2": ${d}}`,
  ([a, b, c, d]) => `{"left": ${a}, "top": ${b}, "right": ${c}, "bottom": ${d}}`,
  ([a, b, c, d]) => `{"x": ${a}, "y": ${b}, "width": ${c - a}, "height": ${d - b}}`,
  ([a, b, c, d]) => `{"bbox_2d": [${a}, ${b}, ${c}, ${d}], "label": "cat"}`,
  ([a, b, c, d]) => `[{"bbox_2d": [${a}, ${b}, ${c}, ${d}], "label": "cat"}]`,
  ([a, b, c, d]) => `{"object": {"label": "cat", "bbox": [${a}, ${b}, ${c}, ${d}]}}`,
  ([a, b, c, d]) => `{"bbox": {"x1": ${a}, "y1": ${b}, "x2": ${c}, "y2": ${d}}}`,
  ([a, b, c, d]) => `<box>(${a},${b}),(${c},${d})</box>`,
  ([a, b, c, d]) => `<|box_start|>(${a},${b}),(${c},${d})<|box_end|>`,
  ([a, b, c, d]) => `<bbox>${a}, ${b}, ${c}, ${d}</bbox>`,
  ([a, b, c, d]) => `x1=${a}, y1=${b}, x2=${c}, y2=${d}`,
  ([a, b, c, d]) => `[[${a}, ${b}], [${c}, ${d}]]`,
  ([a, b, c, d]) => `\`\`\`json\n[{"bbox_2d": [${a}, ${b}, ${c}, ${d}]}]\n\`\`\``,
  ([a, b, c, d]) => `The cat is not hidden. Its box is [${a}, ${b}, ${c}, ${d}].`,
  ([a, b, c, d]) => `The object is at [${a}, ${b}, ${c}, ${d}], not behind the tree.`,
  ([a, b, c, d]) => `The top left corner is (${a}, ${b}) and the bottom right corner is (${c}, ${d}).`,
]

const boxes =
  (gold: (b: Corners) => string) =>
  (draw: Draw): Made =>
    drawnBoxes(draw, gold)

function drawnBoxes(draw: Draw, write: (b: Corners) => string): Made {
  const [x, y, w, h] = [draw.int(5, 300), draw.int(5, 300), draw.int(60, 400), draw.int(60, 400)]
  const gold: Corners = [x, y, x + w, y + h]
  const nudge = (): number => draw.int(-2, 2)
  const near: Corners = [x + nudge(), y + nudge(), x + w + nudge(), y + h + nudge()]
  const aside = Math.ceil(w * 0.6)
  const misses: Corners[] = [
    [x + aside, y, x + w + aside, y + h],
    [x, y + h, x + w, y + 2 * h],
    [x, y, x + Math.floor(w * 0.4), y + h],
    [x, y, x + 2 * w, y + 2 * h],
    [x + 600, y + 600, x + 600 + w, y + 600 + h],
  ]
  const form = draw.of(...boxForms)
  return either(
    draw,
    write(gold),
    [form(gold), form(near)],
    [
      ...misses.map((miss) => form(miss)),
      `[${x}, ${y}]`,
      `[${gold.join(', ')}], [${(misses[4] ?? gold).join(', ')}]`,
      `[0, 0, 9999, 9999]`,
      'There is no such object.',
    ],
  )
}

const texts: readonly [string, ...string[]] = [
  'approved by the board',
  'Open from Monday to Friday',
  'Caution: wet floor',
  'No entry',
  'Do not disturb',
  'Store in a cool place',
  'Best before end of March',
  'Exit through the gift shop',
  'Not for sale',
  'Please do not touch',
  'Staff only',
  'Keep out of reach of children',
]

function readTexts(draw: Draw): Made {
  const gold = draw.of(...texts)
  const isNegated = /\b(?:no|not)\b/i.test(gold)
  const other = draw.shuffled(texts).find((text) => text !== gold) ?? ''
  const turned = isNegated ? gold.replace(/\b(?:do not|not|no) /i, '') : `not ${gold}`
  const right = [gold, gold.toUpperCase(), gold.toLowerCase(), ` ${gold} `, `"${gold}"`, gold.replaceAll(' ', '  ')]
  return either(draw, gold, right, [turned, other, gold.slice(0, Math.floor(gold.length * 0.4)), `never ${gold}`])
}

function readFigures(draw: Draw): Made {
  const n = draw.int(1_100, 9_899)
  const grouped = n.toLocaleString('en-US')
  const [gold, right, ...wrong] = draw.of<[string, string, ...string[]]>(
    [
      grouped,
      grouped,
      digitChanged(draw, grouped),
      `${digitChanged(draw, grouped)} kg`,
      `${grouped}0`,
      grouped.slice(0, -1),
    ],
    [
      `Total: $${n}.50`,
      `total: $${n}.50`,
      `Total: $${digitChanged(draw, String(n))}.50`,
      `Total: $${n}.05`,
      `Total: $${n}`,
    ],
    [`Invoice ${n}`, `INVOICE ${n}`, `Invoice ${digitChanged(draw, String(n))}`, `Invoice`, `Invoice ${n}1`],
    [`Room ${n % 900}B`, `room ${n % 900}b`, `Room ${digitChanged(draw, String(n % 900))}B`, 'Room B'],
    [`${n % 90} % cotton`, `${n % 90}% cotton`, `${digitChanged(draw, String(n % 90))} % cotton`, '% cotton'],
    [`12.${n % 28}.2024`, `12.${n % 28}.2024`, `12.${n % 28}.2023`, `12.${n % 28}`],
  )
  return either(draw, gold, [gold, right], wrong)
}

function chartValues(draw: Draw): Made {
  const n = draw.int(40, 900)
  const near = Math.round(n * draw.of(0.97, 1.02, 1.04))
  const far = Math.round(n * draw.of(0.8, 1.12, 1.3, 2))
  const say = (value: number): string[] => [
    String(value),
    `The bar reads approximately ${value}.`,
    `The value is about ${value}.`,
    `It shows ${value}.`,
    `<answer>${value}</answer>`,
    `In 2015 the value was ${value}.`,
    `About ${value} units`,
  ]
  return either(draw, String(n), say(draw.chance(0.5) ? near : n), say(far))
}

function chartLabels(draw: Draw): Made {
  const [gold, ...others] = draw.shuffled([
    'Germany',
    'South Korea',
    'Blue',
    'Q3',
    'Other costs',
    'Wind power',
    'Rural areas',
    'March',
  ])
  const say = (text: string): string[] => [
    text,
    text.toLowerCase(),
    `${text}.`,
    `<answer>${text}</answer>`,
    `The answer is ${text}.`,
    `**${text}**`,
  ]
  return either(draw, gold ?? '', say(gold ?? ''), [...say(others[0] ?? ''), `${gold} or ${others[0]}`, `not ${gold}`])
}

function chartYears(draw: Draw): Made {
  const year = draw.int(1950, 2020)
  const say = (value: number): string[] => [
    String(value),
    `In ${value}.`,
    `The answer is ${value}.`,
    `It was ${value}.`,
  ]
  return either(draw, String(year), say(year), say(year + draw.int(1, 9)))
}

export const pictureFamilies: readonly Family[] = [
  { name: 'box', kind: 'box', wrapping: 'none', make: boxes((b) => `[${b.join(', ')}]`) },
  // Four numbers alone are a list, so this gold says that it is a box.
  { name: 'box, by itself', kind: 'auto', wrapping: 'none', make: boxes((b) => `{"bbox_2d": [${b.join(', ')}]}`) },
  { name: 'text in a picture', kind: 'ocr', wrapping: 'none', make: readTexts },
  { name: 'figures in a picture', kind: 'ocr', wrapping: 'none', make: readFigures },
  { name: 'value of a chart', kind: 'chart', wrapping: 'none', make: chartValues },
  { name: 'label of a chart', kind: 'chart', wrapping: 'none', make: chartLabels },
  { name: 'year of a chart', kind: 'chart', wrapping: 'none', make: chartYears },
]
