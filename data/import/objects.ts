import { BadCell } from './cells.ts'
import { isMap } from './record.ts'

const mark = /<(bbox|ref-object)>/g

export const hasObjectMarks = (text: string): boolean => /<(?:bbox|ref-object)>/.test(text)

/** Replaces the `<bbox>` and `<ref-object>` marks of ms-swift by the objects of a row, in order. */
export interface ObjectFiller {
  fill: (text: string) => string
  /**
   * Whether a mark was replaced. Throws {@link BadCell} when marks and objects differ in number.
   */
  end: () => boolean
}

/**
 * A filler for the texts of one row, which come in the order of the row. `value` is the cell of its
 * objects: `{ref: […], bbox: [[x1, y1, x2, y2], …]}`; undefined when no column of objects is
 * mapped. Throws {@link BadCell}.
 */
export function objectFiller(value: unknown): ObjectFiller {
  const boxes = listIn(value, 'bbox')
  const names = listIn(value, 'ref')
  const used = { bbox: 0, 'ref-object': 0 }
  const texts = {
    bbox: boxes.map((box) => `[${(Array.isArray(box) ? box : [box]).join(', ')}]`),
    'ref-object': names.map(String),
  }
  return {
    fill: (text) =>
      text.replaceAll(mark, (found, kind: string) =>
        kind === 'bbox' ? (texts.bbox[used.bbox++] ?? found) : (texts['ref-object'][used['ref-object']++] ?? found),
      ),
    end() {
      for (const kind of ['bbox', 'ref-object'] as const)
        if (used[kind] > texts[kind].length || (used[kind] > 0 && used[kind] < texts[kind].length))
          throw new BadCell(`holds ${texts[kind].length} objects for ${used[kind]} <${kind}> marks`)
      return used.bbox > 0 || used['ref-object'] > 0
    },
  }
}

function listIn(value: unknown, name: string): readonly unknown[] {
  if (value === null || value === undefined) return []
  if (!isMap(value)) throw new BadCell('holds no map with "bbox" and "ref"')
  const list = value[name]
  return Array.isArray(list) ? list : []
}
