import { defineConfig } from 'vitest/config'

const campaigns = ['tests/chaos/**/*.test.ts', 'tests/e2e/**/*.test.ts', 'tests/upgrade/takeover.test.ts']

export default defineConfig({
  test: {
    // Shared PostgreSQL and Temporal, started only when a file asks for one.
    globalSetup: ['tests/world/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Two cores are the smallest machine we promise to work on.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'parts', include: ['tests/**/*.test.ts'], exclude: campaigns } },
      {
        extends: true,
        // Whole campaigns on real processes, each of which takes the machine for itself: after the others, one file at a time.
        test: { name: 'campaigns', include: campaigns, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
