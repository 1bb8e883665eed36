import { eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import type { Database } from './database.ts'
import { datasets, imports } from './schema/datasets.ts'
import { rows } from './schema/rows.ts'
import { moment, only, rowsOf } from './sql.ts'

/** Imported data under its name. */
export interface ImportRecord {
  name: string
  datasetId: string
  /** Path it was imported from. */
  path: string | null
  /** Kept rows; null while the import is not complete. */
  rows: number | null
  failed: number
  /** Different pictures of its rows. */
  pictures: number
  createdAt: Date
}

/**
 * Names imported data. The same name for the same data again only keeps how it was imported now: it
 * may lie elsewhere. Throws InvalidInput when the name belongs to other data, unless `replace`:
 * campaigns keep the dataset that they were linked to.
 */
export async function nameImport(
  db: Database,
  {
    name,
    datasetId,
    mapping,
    replace = false,
  }: { name: string; datasetId: string; mapping: unknown; replace?: boolean },
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.insert(imports).values({ name, datasetId, mapping }).onConflictDoNothing()
    const [found] = await tx.select().from(imports).where(eq(imports.name, name)).for('update')
    if (found?.datasetId === datasetId) {
      await tx.update(imports).set({ mapping }).where(eq(imports.name, name))
      return
    }
    if (!replace) throw nameTaken(name, found?.datasetId ?? '?', datasetId)
    await tx
      .update(imports)
      .set({ datasetId, mapping, createdAt: sql`now()` })
      .where(eq(imports.name, name))
  })
}

/** Throws InvalidInput for a name that belongs to other data. Called before anything is written. */
export async function requireFreeName(db: Database, name: string, datasetId: string): Promise<void> {
  const [found] = await db.select().from(imports).where(eq(imports.name, name))
  if (found && found.datasetId !== datasetId) throw nameTaken(name, found.datasetId, datasetId)
}

const nameTaken = (name: string, before: string, now: string): HoneError =>
  new HoneError({
    type: 'InvalidInput',
    message: `"${name}" belongs to other data already (${before}, this is ${now})`,
    nextStep: 'give another name with --as, or --replace it; campaigns keep the data that they started with',
  })

const importRow = z.object({
  name: z.string(),
  datasetId: z.string(),
  path: z.string().nullable(),
  rows: z.number().nullable(),
  failed: z.number(),
  pictures: z.number(),
  createdAt: moment,
})

const notes = z.object({ changed: z.array(z.object({ note: z.string(), rows: z.number() })) })

/**
 * What was changed in the rows of a dataset when it was imported, as {@link nameImport} got it in
 * `mapping.changed`; null for datasets of an older Hone.
 */
export async function importNotes(db: Database, datasetId: string): Promise<{ note: string; rows: number }[] | null> {
  const found = await db.select({ mapping: imports.mapping }).from(imports).where(eq(imports.datasetId, datasetId))
  for (const { mapping } of found) {
    const { data } = notes.safeParse(mapping)
    if (data) return data.changed
  }
  return null
}

/** Every import, by name. */
export const listImports = (db: Database): Promise<ImportRecord[]> => readImports(db, sql`true`)

/** The import of a name; null when the name is not there. */
export async function findImport(db: Database, name: string): Promise<ImportRecord | null> {
  const [found] = await readImports(db, sql`i.name = ${name}`)
  return found ?? null
}

/**
 * Dataset of a name; null when the name is not there. {@link findImport} also counts, which takes a
 * while for a large dataset.
 */
export async function datasetOfImport(db: Database, name: string): Promise<string | null> {
  const [found] = await db.select({ id: imports.datasetId }).from(imports).where(eq(imports.name, name))
  return found?.id ?? null
}

/**
 * How the data of a name was imported, and the path that it came from; null when the name is not
 * there.
 */
export async function findSettings(
  db: Database,
  name: string,
): Promise<{ datasetId: string; path: string | null; settings: unknown } | null> {
  const [found] = await db
    .select({ datasetId: imports.datasetId, path: datasets.sourcePath, settings: imports.mapping })
    .from(imports)
    .innerJoin(datasets, eq(datasets.id, imports.datasetId))
    .where(eq(imports.name, name))
  return found ?? null
}

/** Rows of a dataset, failed ones too. */
export const countRows = (db: Database, datasetId: string): Promise<number> =>
  db.$count(rows, eq(rows.datasetId, datasetId))

/** The first names of imports, to list in an error. */
export async function importNames(db: Database, limit = 10): Promise<string[]> {
  const found = await db.select({ name: imports.name }).from(imports).orderBy(imports.name).limit(limit)
  return found.map(({ name }) => name)
}

const readImports = (db: Database, which: ReturnType<typeof sql>): Promise<ImportRecord[]> =>
  rowsOf(
    db,
    importRow,
    sql`
    select i.name, i.dataset_id as "datasetId", d.source_path as path, d.row_count as rows, i.created_at as "createdAt",
      (select count(*)::int from rows r where r.dataset_id = d.id and r.status = 'failed') as failed,
      (select count(distinct ri.image_hash)::int from rows r join row_images ri on ri.row_id = r.id
        where r.dataset_id = d.id) as pictures
    from imports i join datasets d on d.id = i.dataset_id
    where ${which} order by i.name`,
  )

const failures = z.object({ reason: z.string(), rows: z.number() })

/** Failed rows of a dataset by reason, the most frequent first. */
export const failureCounts = (db: Database, datasetId: string): Promise<z.infer<typeof failures>[]> =>
  rowsOf(
    db,
    failures,
    sql`select reason, count(*)::int as rows from rows
        where dataset_id = ${datasetId} and status = 'failed' group by 1 order by 2 desc, 1`,
  )

const figures = z.object({
  rows: z.number(),
  questionCharacters: z.number(),
  images: z.number(),
  withoutQuestion: z.number(),
})

/**
 * Figures of an imported dataset, counted as data/import/count-rows.ts counts a file: means of a
 * row, and how many rows lack a question.
 */
export async function datasetFigures(db: Database, datasetId: string): Promise<z.infer<typeof figures>> {
  return only(
    await rowsOf(
      db,
      figures,
      sql`
      select count(*)::int as rows, count(*) filter (where question = '')::int as "withoutQuestion",
        coalesce(avg(length(question) + coalesce(
          (select sum(length(c)) from jsonb_array_elements_text(nullif(choices, 'null'::jsonb)) c), 0)), 0)::float8
          as "questionCharacters",
        coalesce(avg((select count(*) from row_images ri where ri.row_id = rows.id)), 0)::float8 as images
      from rows where dataset_id = ${datasetId} and status = 'kept'`,
    ),
  )
}

const groupCount = z.object({ groups: z.number() })

/**
 * Different values of a field of the metadata among the kept rows. Rows without it count as one
 * value more.
 */
export async function groupsOf(db: Database, datasetId: string, field: string): Promise<number> {
  const { groups } = only(
    await rowsOf(
      db,
      groupCount,
      sql`select count(distinct coalesce(metadata -> ${field}::text, 'null'::jsonb))::int as groups
          from rows where dataset_id = ${datasetId} and status = 'kept'`,
    ),
  )
  return groups
}

const shownPictures = z.object({ position: z.number(), hashes: z.array(z.string()) })

/**
 * Hashes of the pictures of a sealed source's kept rows in order, read a page of rows at a time. A
 * picture comes with each row that shows it: to give it once, each page would have to look at all
 * rows again.
 */
export async function* pictureHashes(db: Database, datasetId: string): AsyncGenerator<string> {
  const rowsPerPage = 5000
  let last = -1
  for (;;) {
    const page = await rowsOf(
      db,
      shownPictures,
      sql`select r.position, array(select ri.image_hash from row_images ri where ri.row_id = r.id) as hashes
          from rows r where r.dataset_id = ${datasetId} and r.status = 'kept' and r.position > ${last}
          order by r.position limit ${rowsPerPage}`,
    )
    for (const { position, hashes } of page) {
      last = position
      yield* hashes
    }
    if (page.length < rowsPerPage) return
  }
}
