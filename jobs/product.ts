import { HoneError } from '../domain/errors.ts'

/** The product of this name. Throws InvalidRecipe that names those there are. */
export function productOf<Product>(
  what: 'trainer' | 'model server',
  products: Readonly<Record<string, Product>>,
  name: string,
): Product {
  const product = Object.hasOwn(products, name) ? products[name] : undefined
  if (product !== undefined) return product
  throw new HoneError({
    type: 'InvalidRecipe',
    message: `there is no ${what} "${name}"`,
    nextStep: `use one of ${Object.keys(products).join(', ')}`,
  })
}
