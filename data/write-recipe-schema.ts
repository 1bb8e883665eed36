import { writeFile } from 'node:fs/promises'
import { recipeJsonSchemaText } from './recipe.ts'

// Run by hand after a step's options changed: `npx tsx data/write-recipe-schema.ts`. A test says when it is due.
await writeFile(new URL('../recipes/recipe.schema.json', import.meta.url), recipeJsonSchemaText())
