import { writeFile } from 'node:fs/promises'
import { recipeJsonSchemaText } from './read-recipe.ts'

// Run by hand after a step's options changed: `npx tsx recipes/write-recipe-schema.ts`. A test says when it is due.
await writeFile(new URL('recipe.schema.json', import.meta.url), recipeJsonSchemaText())
