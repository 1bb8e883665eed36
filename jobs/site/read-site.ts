import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { errorCode, HoneError } from '../../domain/errors.ts'
import { plainSite, siteSchema } from './site.ts'
import type { SiteFile } from './site.ts'

/** Path of the site file: the named file, or `site.yaml` in the home. */
export const sitePath = (home: string, named?: string): string => named ?? join(home, 'site.yaml')

/**
 * Reads the site file. Without a site file in the home, this machine is the site. A named file must
 * exist. Throws InvalidInput with the path of every wrong field.
 */
export async function readSite(home: string, named?: string): Promise<SiteFile> {
  const path = sitePath(home, named)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    // A home that is no folder is reported by the code that writes to it.
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '') && named === undefined) return null
    throw new HoneError({
      type: 'InvalidInput',
      message: `cannot read the site file ${path}: ${errorCode(error) ?? String(error)}`,
      nextStep: 'name an existing file (--site, HONE_SITE), or leave it out to use this machine alone',
      cause: error,
    })
  })
  return text === null ? plainSite : parseSite(text, path)
}

/** Parses the text of a site file. `file` is only shown. Throws InvalidInput. */
export function parseSite(text: string, file: string): SiteFile {
  const parsed = siteSchema.safeParse(yamlOf(text, file))
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(
    ({ path, message }) => `  ${path.length === 0 ? 'file' : path.join('.')}: ${message}`,
  )
  throw invalid(file, problems)
}

function yamlOf(text: string, file: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof YAMLParseError) throw invalid(file, [`  ${error.message}`])
    throw error
  }
}

const invalid = (file: string, problems: readonly string[]): HoneError =>
  new HoneError({
    type: 'InvalidInput',
    message: `${file} is not a valid site file\n${problems.join('\n')}`,
    nextStep: `mend ${file}; docs/site.md has every key with an example`,
  })

/** Text of `recipes/site.schema.json`: the JSON Schema of site files for editors. */
export const siteJsonSchemaText = (): string =>
  `${JSON.stringify({ title: 'Hone site', ...z.toJSONSchema(siteSchema, { io: 'input' }) }, null, 2)}\n`
