import type { ResolvedEndpoint } from './endpoint.ts'
import { isOtherModel } from './replies/model-names.ts'

/** Compares the model that answered with the model that was asked. */
export interface ServedModels {
  /** Warns once for each endpoint and model, if another model answered than was asked. */
  note(endpoint: Asked & Pick<ResolvedEndpoint, 'name'>, servedModel: string | null): void
}

type Asked = Pick<ResolvedEndpoint, 'model' | 'provider'>

/**
 * Whether another model answered than was asked. A deployment of Azure has a name of its own, so
 * its model is not compared.
 */
export const isOtherAnswer = ({ model, provider }: Asked, servedModel: string | null): boolean =>
  provider !== 'azure' && isOtherModel(model, servedModel)

export function createServedModels(onWarning: (message: string) => void): ServedModels {
  const known = new Set<string>()
  return {
    note({ name, model, provider }, servedModel) {
      if (servedModel === null) return
      const pair = `${name} ${servedModel}`
      if (known.has(pair)) return
      known.add(pair)
      if (isOtherAnswer({ model, provider }, servedModel))
        onWarning(`endpoint "${name}" was asked for the model "${model}", and the model "${servedModel}" answered`)
    },
  }
}
