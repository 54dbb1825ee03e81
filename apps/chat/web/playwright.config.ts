// The end-to-end tests: the built page in real Chromium, against the built worker on real workerd.

import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: 'e2e',
  outputDir: '../../../target/e2e',
  // One at a time: they share a server, which some of them kill.
  workers: 1,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
})
