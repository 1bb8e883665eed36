import { migrate } from '../../db/database.ts'

// A process of its own for the test of two that start at once.
await migrate(process.argv[2] ?? '', (line) => console.log(line))
