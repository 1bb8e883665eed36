import { digitChanged, either } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

// Ranges, scores, sizes, numbers of telephones, codes and names: texts with figures that are no
// calculation. A near miss has the same difference, quotient or product, or the same letters.

function bands(draw: Draw): Made {
  const [low, width, step] = [draw.int(10, 70), draw.int(2, 15), draw.int(1, 25)]
  const high = low + width
  const unit = draw.of('', ' years', ' kg', ' %', ' °C')
  const right = [
    `${low}–${high}${unit}`,
    `${low} - ${high}${unit}`,
    `${low} to ${high}${unit}`,
    `${low}-${high}${unit}`,
  ]
  const wrong = [
    `${low + step}-${high + step}${unit}`,
    `${low}-${high + step}${unit}`,
    `${low - 1}–${high}${unit}`,
    `${high}-${low}${unit}`,
    `${-width}${unit}`,
    `${low}${unit}`,
  ]
  return either(draw, `${low}-${high}${unit}`, right, wrong)
}

function years(draw: Draw): Made {
  const [from, length, step] = [draw.int(1800, 2000), draw.int(1, 60), draw.int(1, 30)]
  const to = from + length
  return either(
    draw,
    `${from}-${to}`,
    [`${from}–${to}`, `${from} to ${to}`, `from ${from} to ${to}`, `${from} - ${to}`],
    [
      `${from + step}-${to + step}`,
      `${from}-${to + 1}`,
      `${to}-${from}`,
      String(-length),
      String(length),
      String(from),
    ],
  )
}

function scores(draw: Draw): Made {
  const [ours, theirs, more] = [draw.int(0, 9), draw.int(0, 9), draw.int(1, 5)]
  const right = [`${ours}–${theirs}`, `${ours} - ${theirs}`, `${ours} – ${theirs}`, `${ours}-${theirs}`]
  return either(draw, `${ours}-${theirs}`, right, [
    `${ours + more}-${theirs + more}`,
    `${theirs}-${ours}`,
    `${ours + more}-${theirs}`,
    String(ours - theirs),
    `${ours}-${theirs + more}`,
  ])
}

function seasons(draw: Draw): Made {
  const year = draw.int(1960, 2030)
  const write = (from: number, to: number, dash: string): string => `${from}${dash}${String(to % 100).padStart(2, '0')}`
  const gold = write(year, year + 1, '-')
  return either(
    draw,
    gold,
    [write(year, year + 1, '–'), gold, `the ${gold} season`],
    [
      write(year + 1, year + 2, '-'),
      write(year, year + 2, '-'),
      write(year - 1, year, '–'),
      String(year - ((year + 1) % 100)),
    ],
  )
}

function telephones(draw: Draw): Made {
  const part = (digits: number): string => String(draw.int(10 ** (digits - 1), 10 ** digits - 1))
  const [area, a, b] = [part(3), part(3), part(4)]
  const gold = draw.of(`${area}-${a}-${b}`, `(${area}) ${a}-${b}`)
  const right = [`${area}-${a}-${b}`, `(${area}) ${a}-${b}`, `${area} ${a} ${b}`, `${area}–${a}–${b}`]
  return either(draw, gold, right, [
    `${area}-${a}-${digitChanged(draw, b)}`,
    `${a}-${area}-${b}`,
    `${area}-${a}`,
    String(Number(area) - Number(a) - Number(b)),
    `${digitChanged(draw, area)}-${a}-${b}`,
  ])
}

function pressures(draw: Draw): Made {
  const [over, under] = [draw.int(100, 180), draw.int(55, 95)]
  const write = (a: number, b: number): string => `${a}/${b} mmHg`
  const wrong = [write(under, over), write(over + 10, under), write(over, under + 5), write(2 * over, 2 * under)]
  return either(
    draw,
    write(over, under),
    [`${over}/${under} mmHg`, `${over}/${under}`, `${over} / ${under} mmHg`, `${over}/${under} mm Hg`],
    [...wrong, `${(over / under).toFixed(2)} mmHg`, `${over} mmHg`],
  )
}

function sizes(draw: Draw): Made {
  const unit = draw.of('cm', 'm', 'inches', 'mm')
  const [width, depth] = [2 * draw.int(3, 30), draw.int(61, 95)]
  const gold = `${width} ${unit} x ${depth} ${unit}`
  const right = [
    `${width} × ${depth} ${unit}`,
    `${width} ${unit} × ${depth} ${unit}`,
    `${width} ${unit} by ${depth} ${unit}`,
    `${width} x ${depth} ${unit}`,
  ]
  return either(draw, gold, right, [
    `${width} × ${depth + 1} ${unit}`,
    `${width * depth} ${unit}^2`,
    `${width / 2} ${unit} x ${2 * depth} ${unit}`,
    `${width} ${unit}`,
    `${width} × ${depth} kg`,
    `${width * depth}`,
  ])
}

function resolutions(draw: Draw): Made {
  const [width, height] = draw.of([1920, 1080], [1280, 720], [3840, 2160], [640, 480], [1366, 768], [800, 600])
  const gold = `${width}x${height}`
  return either(
    draw,
    gold,
    [`${width}×${height}`, `${width} x ${height}`, `${width} × ${height}`, `${width} by ${height}`],
    [
      `${height}x${width}`,
      String((width ?? 0) * (height ?? 0)),
      `${width}x${draw.int(200, 470)}`,
      `${2 * (width ?? 0)}x${(height ?? 0) / 2}`,
    ],
  )
}

/** The letters in another order. */
function mixed(draw: Draw, text: string): string {
  for (;;) {
    const other = draw.shuffled(Array.from(text)).join('')
    if (other !== text) return other
  }
}

function codes(draw: Draw): Made {
  const letters = draw.shuffled(Array.from('ABCDFGHKLMNPRTVWXZ')).slice(0, draw.int(2, 4)).join('')
  const digits = String(draw.int(12, 98765)).replace(/^(.)\1+$/, '$12')
  const [code, write] = draw.of<[string, (a: string, d: string) => string]>(
    [`${letters}-${digits}`, (a, d) => `${a}-${d}`],
    [`${letters}${digits}`, (a, d) => `${a}${d}`],
    [`${digits}${letters}`, (a, d) => `${d}${a}`],
    [`${digits}-${letters}`, (a, d) => `${d}-${a}`],
  )
  const wrong = [
    write(mixed(draw, letters), digits),
    write(letters, digitChanged(draw, digits)),
    write(letters.slice(1), digits),
    write(letters, `${digits}0`),
    write(letters, ''),
  ]
  return either(draw, code, [code, code, code.replace('-', '–')], wrong)
}

function names(draw: Draw): Made {
  const [gold, ...wrong] = draw.of<[string, ...string[]]>(
    ['B12', '12B', 'B21', 'B-12x', 'B6'],
    ['A380', '380A', 'A308', 'A350', 'A'],
    ['CO-2 sensor', 'OC-2 sensor', 'CO-3 sensor'],
    ['BRCA1', 'BRCA2', 'CRBA1', 'BRAC1'],
    ['H1N1', 'N1H1', 'H5N1', 'H1N2'],
    ['SW1A 1AA', 'WS1A 1AA', 'SW1A 2AA', 'SW1A'],
    ['Nf3', 'Nf6', 'Fn3', '3Nf'],
    ['0x1F4', '0x1F5', '1F4x0', '0x14F'],
    ['Route 66', 'Route 67', 'Route 99'],
    ['Boeing 747', 'Boeing 774', 'Airbus 747'],
    ['ID4', '4DI', 'ID3', 'DI4'],
    ['v2.1.3', 'v2.1.4', 'v3.1.2', 'v2.13'],
    ['192.168.0.1', '192.168.0.2', '192.168.1.0', '168.192.0.1'],
    ['Gate C14', 'Gate C41', 'Gate D14', 'Gate 14C'],
  )
  return either(draw, gold, [gold, `"${gold}"`], wrong)
}

export const labelFamilies: readonly Family[] = [
  { name: 'band', kind: 'auto', wrapping: 'words', make: bands },
  { name: 'band in a chart', kind: 'chart', wrapping: 'words', make: bands },
  { name: 'years', kind: 'auto', wrapping: 'words', make: years },
  { name: 'score', kind: 'auto', wrapping: 'words', make: scores },
  { name: 'score in a chart', kind: 'chart', wrapping: 'words', make: scores },
  { name: 'season', kind: 'auto', wrapping: 'words', make: seasons },
  { name: 'telephone', kind: 'auto', wrapping: 'words', make: telephones },
  { name: 'pressure', kind: 'auto', wrapping: 'words', make: pressures },
  { name: 'size with units', kind: 'auto', wrapping: 'words', make: sizes },
  { name: 'resolution', kind: 'auto', wrapping: 'words', make: resolutions },
  { name: 'code, any shape', kind: 'auto', wrapping: 'words', make: codes },
  { name: 'code as text', kind: 'text', wrapping: 'words', make: codes },
  { name: 'name', kind: 'auto', wrapping: 'words', make: names },
]
