import { HoneError } from '../domain/errors.ts'
import { refusal } from './finding.ts'
import type { Finding } from './finding.ts'
import { own } from '../domain/own.ts'

type Kind = 'trainer' | 'model server'
type Products<Product> = Readonly<Record<string, Product>>

/** The product of this name, or a refusal that lists the known products. */
export function findProduct<Product>(
  kind: Kind,
  products: Products<Product>,
  name: string,
): { product: Product; refusal: null } | { product: null; refusal: Finding } {
  const product = own(products, name)
  if (product !== undefined) return { product, refusal: null }
  const names = Object.keys(products).join(', ')
  return { product: null, refusal: refusal(`there is no ${kind} "${name}"`, `use one of ${names}`) }
}

/** The product of this name. Throws InvalidRecipe with a list of the known products. */
export function productOf<Product>(kind: Kind, products: Products<Product>, name: string): Product {
  const found = findProduct(kind, products, name)
  if (found.refusal === null) return found.product
  const { text, fix = '' } = found.refusal
  throw new HoneError({ type: 'InvalidRecipe', message: text, nextStep: fix })
}
