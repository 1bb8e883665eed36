import { writeFile } from 'node:fs/promises'
import { recipeJsonSchemaText } from './read-recipe.ts'

// Run this by hand after a change of a step's options: `npx tsx recipes/write-recipe-schema.ts`. A
// test fails until it was run.
await writeFile(new URL('recipe.schema.json', import.meta.url), recipeJsonSchemaText())
