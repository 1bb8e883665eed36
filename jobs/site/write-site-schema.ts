import { writeFileSync } from 'node:fs'
import { siteJsonSchemaText } from './read-site.ts'

// Run this by hand after the site file's keys changed. A test fails until then.
writeFileSync(new URL('../../recipes/site.schema.json', import.meta.url), siteJsonSchemaText())
