import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // Shared PostgreSQL and Temporal, started only when a file asks for one.
    globalSetup: ['tests/world/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Two cores are the smallest machine we promise to work on.
    maxWorkers: 2,
  },
})
