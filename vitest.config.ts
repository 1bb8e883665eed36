import { defineConfig } from 'vitest/config'

/** The Python package's own tests: pytest in processes of its own. */
const python = ['tests/trainer/**/*.test.ts']

/**
 * Whole campaigns, clusters and other products as real processes: minutes each, and the machine for
 * themselves. One whole campaign of the demo is among the parts, so that `npm test` has seen one.
 */
const long = [
  'tests/chaos/**/*.test.ts',
  'tests/e2e/{batch,llamafactory,places,streaming,twins,vllm}.test.ts',
  'tests/upgrade/takeover.test.ts',
  'tests/jobs/slurm/{suite,suite-ssh,slurm}.test.ts',
  // Not whole campaigns, but many processes or installations: `npm test` has eight minutes.
  'tests/cli/step-kill.test.ts',
  'tests/client/base-model.test.ts',
  'tests/jobs/local-{leases,takeover}.test.ts',
  'tests/services/{python,temporal-connection}.test.ts',
  'tests/trainers/export/loaders.test.ts',
  'tests/verifier/named-judges.test.ts',
]

export default defineConfig({
  test: {
    // Shared PostgreSQL and Temporal, started only when a file asks for one.
    globalSetup: ['tests/world/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Two cores are the smallest machine we promise to work on.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'parts', include: ['tests/**/*.test.ts'], exclude: [...long, ...python] } },
      { extends: true, test: { name: 'python', include: python } },
      {
        extends: true,
        // After the others, one file at a time.
        test: { name: 'long', include: long, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
