import type { ResolvedEndpoint } from './endpoint.ts'
import { isOtherModel } from './replies/model-names.ts'

/** Compares the model that answered with the model that was asked. */
export interface ServedModels {
  /** Warns once for each endpoint and model, if another model answered than was asked. */
  note(endpoint: Pick<ResolvedEndpoint, 'name' | 'model' | 'provider'>, servedModel: string | null): void
}

export function createServedModels(onWarning: (message: string) => void): ServedModels {
  const known = new Set<string>()
  return {
    note({ name, model, provider }, servedModel) {
      // A deployment of Azure has a name of its own.
      if (servedModel === null || provider === 'azure') return
      const pair = `${name} ${servedModel}`
      if (known.has(pair)) return
      known.add(pair)
      if (isOtherModel(model, servedModel))
        onWarning(`endpoint "${name}" was asked for the model "${model}", and the model "${servedModel}" answered`)
    },
  }
}
