// The workspace: who may do what, who may come in, and how one finds one's way in a long history.

import type { Page } from '@playwright/test'
import { createChannel, edit, expectConfirmed, expectTexts, joinChannel, post } from './chat'
import { expect, test } from './world'

const workspace = async (page: Page) => {
  await page.getByRole('button', { name: 'Workspace' }).click()
  return page.getByRole('dialog', { name: 'Workspace' })
}

test('in a channel for announcements admins write, and who is made one does', async ({ newBrowser }) => {
  const ann = await (await newBrowser()).chat('ann')
  await createChannel(ann, 'general')
  const bob = await (await newBrowser()).chat('bob')
  await createChannel(ann, 'news', { kind: 'announcements' })
  await post(ann, 'we moved')
  await joinChannel(bob, 'news')
  await expectTexts(bob, ['we moved'])
  await expect(bob.getByText('Admins write in #news')).toBeVisible()
  await expect(bob.getByRole('textbox', { name: 'Message #news' })).toHaveCount(0)

  await (await workspace(ann)).getByLabel('Role of bob').selectOption('admin')
  await post(bob, 'thank you')
  await ann.keyboard.press('Escape')
  await expectTexts(ann, ['we moved', 'thank you'])
})

test('a private channel is seen by whom a member adds', async ({ newBrowser }) => {
  const [ann, bob] = [await (await newBrowser()).chat('ann'), await (await newBrowser()).chat('bob')]
  await createChannel(ann, 'general')
  await createChannel(ann, 'plans', { kind: 'private', category: 'Product' })
  await post(ann, 'a surprise')
  await expectConfirmed(ann)
  const plans = bob.getByRole('link', { name: 'plans', exact: true })
  await expect(bob.getByRole('link', { name: 'general, not joined' })).toBeVisible()
  await expect(plans).toHaveCount(0)
  await bob.getByRole('button', { name: 'Search' }).click()
  await bob.getByLabel('Search messages').fill('surprise')
  await expect(bob.getByText('No message holds that.')).toBeVisible()

  await ann.getByRole('button', { name: 'About this channel' }).click()
  await ann.getByLabel('Add somebody').selectOption('bob')
  await expect(bob.getByText('Found: 1')).toBeVisible()
  await plans.click()
  await expectTexts(bob, ['a surprise'])
})

test('by invitation only, an invite lets in as many as it says', async ({ newBrowser }) => {
  const ann = await (await newBrowser()).chat('ann')
  await createChannel(ann, 'general')
  const dialog = await workspace(ann)
  await dialog.getByLabel('Who is new needs an invite').check()
  await dialog.getByRole('combobox', { name: 'For', exact: true }).selectOption('one person')
  await dialog.getByRole('button', { name: 'Make an invite' }).click()
  const link = new URL(await dialog.getByLabel('Link of the invite').inputValue())
  const invite = link.searchParams.get('invite') ?? ''
  await ann.keyboard.press('Escape')
  await expectConfirmed(ann)

  const bob = await (await newBrowser()).chat('bob')
  await expect(bob.getByText('This workspace is by invitation')).toBeVisible()
  await bob.getByLabel('The code of your invite').fill(invite)
  await bob.getByRole('button', { name: 'Join' }).click()
  await expect(bob.getByRole('link', { name: 'general, not joined' })).toBeVisible()
  await expectConfirmed(bob)

  const cyd = await (await newBrowser()).chat('cyd', `&invite=${invite}`)
  await expect(cyd.getByText('This workspace is by invitation')).toBeVisible()
  await expect(cyd.getByRole('link', { name: 'general, not joined' })).toHaveCount(0)
})

test('an admin takes back what somebody else said', async ({ newBrowser }) => {
  const ann = await (await newBrowser()).chat('ann')
  await createChannel(ann, 'general')
  const bob = await (await newBrowser()).chat('bob')
  await joinChannel(bob, 'general')
  await post(bob, 'buy now')
  const message = ann.getByRole('listitem').filter({ hasText: 'buy now' })
  await message.hover()
  await expect(message.getByRole('button', { name: 'Edit message' })).toHaveCount(0)
  await message.getByRole('button', { name: 'Delete message' }).click()
  await message.getByRole('button', { name: 'Delete for everyone' }).click()
  await expectTexts(bob, ['This message was deleted.'])
})

test('what was edited is still in the log, and what is pinned is found by all', async ({ newBrowser }) => {
  const [ann, bob] = [await (await newBrowser()).chat('ann'), await (await newBrowser()).chat('bob')]
  await createChannel(ann, 'general')
  await post(ann, 'on Thusday')
  await edit(ann, 'on Thusday', 'on Tuesday')
  await edit(ann, 'on Tuesday', 'on Thursday')
  const message = ann.getByRole('listitem').filter({ hasText: 'on Thursday' })
  await message.hover()
  await message.getByRole('button', { name: 'Pin', exact: true }).click()

  await joinChannel(bob, 'general')
  await bob.getByRole('button', { name: '(edited)' }).click()
  const versions = bob.getByRole('list', { name: 'Earlier versions' }).getByRole('listitem')
  await expect(versions).toHaveText([/on Thusday/, /on Tuesday/, /on Thursday/])
  await bob.getByRole('button', { name: 'About this channel' }).click()
  const pinned = bob.getByRole('region', { name: 'Pinned messages' })
  await expect(pinned.getByRole('link')).toHaveText([/on Thursday/])
  await message.hover()
  await message.getByRole('button', { name: 'Unpin' }).click()
  await expect(pinned.getByText('Nothing yet.')).toBeVisible()
})

test('what others said since is counted until it is read, and a search leads to it', async ({
  newBrowser,
}) => {
  const [ann, bob] = [await (await newBrowser()).chat('ann'), await (await newBrowser()).chat('bob')]
  await createChannel(ann, 'general')
  await joinChannel(bob, 'general')
  await createChannel(bob, 'elsewhere')
  for (const text of ['one', 'two', '100% of it']) await post(ann, text)
  await expect(bob.getByRole('link', { name: 'general, 3 unread' })).toBeVisible()

  await bob.getByRole('button', { name: 'Search' }).click()
  await bob.getByLabel('Search messages').fill('0%')
  const results = bob.getByRole('complementary', { name: 'Search' })
  await expect(results.getByRole('link')).toHaveText([/#general.*100% of it/])
  await results.getByRole('link').click()
  await expect(bob.getByRole('log', { name: 'Messages in general' })).toBeVisible()
  await expect(bob.locator('[data-sought="true"] .text')).toHaveText('100% of it')
  await bob.getByRole('link', { name: 'elsewhere' }).click()
  await expect(bob.getByRole('link', { name: 'general', exact: true })).toBeVisible()
})

test('ten thousand messages come at the press of a button, and the oldest is found', async ({
  newBrowser,
}) => {
  const ann = await (await newBrowser()).chat('ann')
  await createChannel(ann, 'general')
  const dialog = await workspace(ann)
  await dialog.getByRole('button', { name: 'Add sample data' }).click()
  await expect(dialog.getByText('10,000 of 10,000 messages are committed here.')).toBeVisible()
  await ann.keyboard.press('Escape')
  await expectConfirmed(ann)

  await ann.getByRole('button', { name: 'Search' }).click()
  await ann.getByLabel('Search messages').fill('(1)')
  await ann.getByRole('complementary', { name: 'Search' }).getByRole('link').click()
  const oldest = ann.locator('[data-sought="true"] .text')
  await expect(oldest).toHaveText(/\(1\)$/)
  await expect(oldest).toBeInViewport()
})
