// React's own ways: Suspense, error boundaries, and components that render only when they have to.

import { expect, test } from './world'

test('a page suspends until its store is open, and renders what is computed when it is another', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  const page = await browser.reactLab('ann')
  await expect(page.getByText('opening')).toBeVisible()
  await expect(page.getByText('online')).toBeVisible()
  const longest = page.getByLabel('longest')
  await expect(longest).toHaveText('0 of 0')
  await page.getByRole('button', { name: 'Join' }).click()
  await expect(longest).toHaveText('0 of 1')
  await page.getByRole('button', { name: 'Long' }).click()
  await expect(longest).toHaveText('4 of 1')
  const rendered = await longest.getAttribute('data-renders')
  for (let n = 0; n < 3; n += 1) await page.getByRole('button', { name: 'Short' }).click()
  await expect.poll(() => page.evaluate(() => document.querySelector('output')?.textContent)).toBe('4 of 1')
  expect(await longest.getAttribute('data-renders')).toBe(rendered)
  // It leaves and comes back: the store stays, in strict mode, too.
  await page.getByRole('button', { name: 'Toggle' }).click()
  await expect(longest).toBeHidden()
  await page.getByRole('button', { name: 'Toggle' }).click()
  await expect(longest).toHaveText('4 of 1')
})

test('the wasm is fetched once, and asked for by the page before its script', async ({ newBrowser }) => {
  const browser = await newBrowser()
  const [page, told] = [await browser.context.newPage(), [] as string[]]
  page.on('console', (message) => told.push(message.text()))
  await page.goto(browser.addressOf('e2e/lab/react/index.html', 'ann'))
  await expect(page.getByText('online')).toBeVisible()
  const fetched = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('.wasm'))
      .map((entry) => (entry as PerformanceResourceTiming).initiatorType),
  )
  expect(fetched).toEqual(['link'])
  expect(told.filter((text) => text.includes('preload'))).toEqual([])
})

test('where the store will not open, an error boundary is told why', async ({ newBrowser }) => {
  const browser = await newBrowser()
  const page = await browser.reactLab('ann', { store: 'no store' })
  await expect(page.getByRole('alert')).toHaveText('bad-store-id')
})

test('the browser is asked to keep the local data, and the status says what it promised', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  await browser.context.addInitScript(() => {
    let promised = false
    navigator.storage.persisted = async () => promised
    navigator.storage.persist = async () => {
      promised = true
      return true
    }
  })
  const page = await browser.reactLab('ann')
  await expect(page.getByText('may be evicted')).toBeVisible()
  await page.getByRole('button', { name: 'Keep' }).click()
  await expect(page.getByText('kept')).toBeVisible()
})
