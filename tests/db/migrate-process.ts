import { migrate } from '../../db/database.ts'

// A separate process for the test of two processes that start at once.
await migrate(process.argv[2] ?? '', (line) => console.log(line))
