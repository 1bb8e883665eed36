import { z } from 'zod'

/** The part of JSON Schema that recipes need. */
interface Node {
  properties?: Record<string, Node> | undefined
  /** False for a list of fixed length. */
  items?: Node | false | undefined
  additionalProperties?: Node | boolean | undefined
  anyOf?: Node[] | undefined
  oneOf?: Node[] | undefined
  const?: unknown
}

const node: z.ZodType<Node> = z.lazy(() =>
  z.object({
    properties: z.record(z.string(), node).optional(),
    items: z.union([z.literal(false), node]).optional(),
    additionalProperties: z.union([z.boolean(), node]).optional(),
    anyOf: z.array(node).optional(),
    oneOf: z.array(node).optional(),
    const: z.unknown().optional(),
  }),
)

/**
 * The keys that a JSON Schema allows for the object at a path of a value. Of several branches, the
 * branch with the object's own `step` counts, else the branches that share most keys with the
 * object.
 */
export function keysAt(schema: Record<string, unknown>, value: unknown, path: readonly PropertyKey[]): string[] {
  let nodes = branches(node.parse(schema), value)
  let at = value
  for (const key of path) {
    at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined
    const inner = nodes.flatMap((one) => child(one, key))
    nodes = inner.flatMap((one) => branches(one, at))
  }
  return [...new Set(nodes.flatMap((one) => Object.keys(one.properties ?? {})))]
}

function child(parent: Node, key: PropertyKey): Node[] {
  if (typeof key === 'number') return parent.items ? [parent.items] : []
  const own = parent.properties?.[String(key)]
  if (own) return [own]
  return typeof parent.additionalProperties === 'object' ? [parent.additionalProperties] : []
}

function branches(of: Node, value: unknown): Node[] {
  const options = of.anyOf ?? of.oneOf
  if (!options) return [of]
  if (typeof value !== 'object' || value === null) return options
  const keys = Object.entries(value)
  const step = keys.find(([key]) => key === 'step')?.[1]
  const named = options.filter((option) => step !== undefined && option.properties?.['step']?.const === step)
  if (named.length > 0) return named
  const shared = options.map((option) => keys.filter(([key]) => option.properties?.[key]).length)
  const most = Math.max(...shared)
  return options.filter((_, index) => shared[index] === most)
}
