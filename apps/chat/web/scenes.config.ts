// What is run for its outcome, not as a test: `cargo xtask bench path` and `cargo xtask screenshot`.

import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: 'scenes',
  testMatch: '*.scene.ts',
  outputDir: '../../../target/scenes',
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['line']],
})
