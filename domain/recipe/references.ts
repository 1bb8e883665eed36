/** A step's name in tables and in `from`: its own name, else its kind. */
export const nameOf = (step: { step: string; name?: string | undefined }): string => step.name ?? step.step

/**
 * Options that name an endpoint, in any step. A step that asks several models has one option for
 * each role.
 */
export const endpointOptions = ['endpoint', 'asker', 'reasoner', 'viewer', 'arbiter', 'judge'] as const

export type EndpointOption = (typeof endpointOptions)[number]

/** Endpoints that a step asks, by the option that names them. */
export function endpointsOf(step: object): { option: EndpointOption; endpoint: string }[] {
  const named = new Map(Object.entries(step))
  return endpointOptions.flatMap((option) => {
    const endpoint: unknown = named.get(option)
    return typeof endpoint === 'string' ? [{ option, endpoint }] : []
  })
}

/** Names of earlier datasets that a step weighs as a whole, besides the rows it works on. */
export function evidenceOf(step: object): string[] {
  const named: unknown = 'evidence' in step ? step.evidence : undefined
  return [named].flat().filter((name) => typeof name === 'string')
}
