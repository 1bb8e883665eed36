import { writeFileSync } from 'node:fs'
import { siteJsonSchemaText } from './read-site.ts'

// Run by hand after a change of the site file's keys; a test says when that is due.
writeFileSync(new URL('../../recipes/site.schema.json', import.meta.url), siteJsonSchemaText())
