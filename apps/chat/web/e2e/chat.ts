// The chat as a person uses it.

import type { Locator, Page } from '@playwright/test'
import { expect } from './world'

/** Opens a channel that nobody has opened before. */
export async function createChannel(
  page: Page,
  name: string,
  { kind = 'open', category = '' } = {},
): Promise<void> {
  await page.getByRole('button', { name: 'New channel' }).click()
  const form = page.getByRole('form', { name: 'New channel' })
  await form.getByLabel('Channel name').fill(name)
  await form.getByLabel('Category').fill(category)
  await form.getByLabel('Kind').selectOption(kind)
  await form.getByRole('button', { name: 'Create channel' }).click()
}

/** Becomes a member of a channel that somebody else has opened. */
export async function joinChannel(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: `${name}, not joined` }).click()
  await page.getByRole('main').getByRole('button', { name: /^Join/ }).click()
}

export async function post(page: Page, text: string): Promise<void> {
  const field = page.getByRole('textbox', { name: /^Message #/ })
  await field.fill(text)
  await field.press('Enter')
}

/** Changes a message of one's own. */
export async function edit(page: Page, from: string, to: string): Promise<void> {
  const message = page.getByRole('listitem').filter({ hasText: from })
  await message.hover()
  await message.getByRole('button', { name: 'Edit message' }).click()
  await page.getByRole('textbox', { name: 'Edit message' }).fill(to)
  await page.getByRole('textbox', { name: 'Edit message' }).press('Enter')
}

/** The texts of the channel, as they stand on the screen. */
export function texts(page: Page): Locator {
  return page.getByRole('log').locator('.text')
}

export async function expectTexts(page: Page, expected: string[]): Promise<void> {
  await expect(texts(page)).toHaveText(expected)
}

/** Nothing waits for the server any more. */
export async function expectConfirmed(page: Page): Promise<void> {
  await expect(page.getByLabel('Not confirmed yet')).toHaveCount(0)
  await expect(syncStatus(page)).toHaveText('Online')
}

export function syncStatus(page: Page): Locator {
  return page.getByRole('button', { name: 'Sync status' })
}

export async function expectReason(page: Page, code: string): Promise<void> {
  await expect(page.getByRole('status').filter({ hasText: code })).toHaveCount(1)
}
