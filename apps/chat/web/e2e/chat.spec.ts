// Two people, two browsers, one server.

import {
  createChannel,
  edit,
  expectConfirmed,
  expectTexts,
  joinChannel,
  post,
  syncStatus,
  texts,
} from './chat'
import { expect, test } from './world'

test('two browsers exchange messages', async ({ newBrowser }) => {
  const [ann, bob] = [await (await newBrowser()).chat('ann'), await (await newBrowser()).chat('bob')]
  await createChannel(ann, 'general')
  await post(ann, 'hello from ann')
  await joinChannel(bob, 'general')
  await expectTexts(bob, ['hello from ann'])
  await post(bob, 'hello from bob')
  await expectTexts(ann, ['hello from ann', 'hello from bob'])
  await expectConfirmed(ann)
  await expectConfirmed(bob)
})

test('a message can be edited, reacted to and deleted, and the other browser sees it', async ({
  newBrowser,
}) => {
  const [ann, bob] = [await (await newBrowser()).chat('ann'), await (await newBrowser()).chat('bob')]
  await createChannel(ann, 'general')
  await post(ann, 'helo')
  await joinChannel(bob, 'general')

  await edit(ann, 'helo', 'hello')
  await expectTexts(bob, ['hello (edited)'])

  const theirs = bob.getByRole('listitem').filter({ hasText: 'hello' })
  await theirs.hover()
  await expect(theirs.getByRole('button', { name: 'Reply' })).toHaveCount(1)
  await expect(theirs.getByRole('button', { name: 'Edit message' })).toHaveCount(0)
  await expect(theirs.getByRole('button', { name: 'Delete message' })).toHaveCount(0)
  await theirs.getByRole('button', { name: 'React' }).click()
  await theirs.getByRole('toolbar').getByRole('button').first().click()
  const reaction = ann.getByRole('listitem').filter({ hasText: 'hello' }).locator('.reactions button')
  await expect(reaction).toHaveCount(1)

  const edited = ann.getByRole('listitem').filter({ hasText: 'hello' })
  await edited.hover()
  await edited.getByRole('button', { name: 'Delete message' }).click()
  await edited.getByRole('button', { name: 'Delete for everyone' }).click()
  await expectTexts(bob, ['This message was deleted.'])
})

test('who is here is seen, and who is writing, until they are gone', async ({ newBrowser }) => {
  const [ann, bob] = [await (await newBrowser()).chat('ann'), await (await newBrowser()).chat('bob')]
  await createChannel(ann, 'general')
  await joinChannel(bob, 'general')
  await expect(ann.getByText('Here now: bob')).toHaveCount(1)
  await expect(bob.getByText('Here now: ann')).toHaveCount(1)
  await bob.getByRole('textbox', { name: 'Message #general' }).fill('I am wri')
  await expect(ann.locator('.writing')).toHaveText('bob is writing…')
  await bob.getByRole('textbox', { name: 'Message #general' }).press('Enter')
  await expectTexts(ann, ['I am wri'])
  await expect(ann.locator('.writing')).toHaveText('')
  await bob.close()
  await expect(ann.getByText('Here now')).toHaveCount(0)
})

test('a reload with the server stopped shows everything', async ({ newBrowser, server }) => {
  const page = await (await newBrowser()).chat('ann')
  await createChannel(page, 'general')
  await post(page, 'one')
  await post(page, 'two')
  await expectConfirmed(page)
  await server.kill()
  try {
    await page.reload()
    await expectTexts(page, ['one', 'two'])
    await expect(syncStatus(page)).toHaveText('Offline')
  } finally {
    await server.run()
  }
  await expect(syncStatus(page)).toHaveText('Online')
})

test('messages posted offline survive a reload and arrive once when the server is back', async ({
  newBrowser,
  server,
}) => {
  const [ann, bob] = [await (await newBrowser()).chat('ann'), await (await newBrowser()).chat('bob')]
  await createChannel(ann, 'general')
  await joinChannel(bob, 'general')
  await post(ann, 'before')
  await expectTexts(bob, ['before'])
  await server.kill()
  try {
    await expect(syncStatus(ann)).toContainText('Offline')
    for (const text of ['one', 'two', 'three']) await post(ann, text)
    await expect(ann.getByLabel('Not confirmed yet')).toHaveCount(3)
    await ann.reload()
    await expectTexts(ann, ['before', 'one', 'two', 'three'])
    await expect(ann.getByLabel('Not confirmed yet')).toHaveCount(3)
  } finally {
    await server.run()
  }
  await expectTexts(bob, ['before', 'one', 'two', 'three'])
  await expectConfirmed(ann)
  await expectTexts(ann, ['before', 'one', 'two', 'three'])
})

test('a commit that the rules refuse here says why and changes nothing', async ({ newBrowser }) => {
  const page = await (await newBrowser()).chat('ann')
  await createChannel(page, 'general')
  await post(page, 'hello')
  await expectConfirmed(page)
  await createChannel(page, 'general')
  await expect(page.getByRole('alert')).toContainText('There is a channel with this name already.')
  await expect(
    page.getByRole('navigation', { name: 'Channels' }).getByRole('link', { name: 'general' }),
  ).toHaveCount(1)
  await expect(syncStatus(page)).toHaveText('Online')
})

test('a commit that the server rejects says why, is taken back, and can be dismissed', async ({
  newBrowser,
  server,
}) => {
  const [ann, bob] = [await (await newBrowser()).chat('ann'), await (await newBrowser()).chat('bob')]
  await createChannel(ann, 'first')
  await expect(bob.getByRole('link', { name: 'first, not joined' })).toBeVisible()
  await server.kill()
  try {
    // Both open a channel of the same name while they cannot know of each other.
    await createChannel(ann, 'general')
    await createChannel(bob, 'general')
    await expect(syncStatus(ann)).toContainText('Offline')
    await expect(syncStatus(bob)).toContainText('Offline')
  } finally {
    await server.run()
  }
  const said = 'There is a channel with this name already.'
  const loser = await Promise.any(
    [ann, bob].map(async (page) => {
      await page.getByRole('alert').filter({ hasText: said }).waitFor()
      return page
    }),
  )
  for (const page of [ann, bob]) {
    await expectConfirmed(page)
    const channels = page.getByRole('navigation', { name: 'Channels' })
    await expect(channels.getByRole('link', { name: /^general/ })).toHaveCount(1)
  }
  await loser.reload()
  await expect(loser.getByRole('alert')).toContainText(said)
  await loser.getByRole('button', { name: 'Dismiss' }).click()
  await expect(loser.getByRole('alert')).toHaveCount(0)
  await loser.reload()
  await expectConfirmed(loser)
  await expect(loser.getByRole('alert')).toHaveCount(0)
})

test('?reset clears what this browser keeps, and gets it again from the server', async ({
  newBrowser,
  server,
}) => {
  const browser = await newBrowser()
  const page = await browser.chat('ann')
  await createChannel(page, 'general')
  await post(page, 'kept by the server')
  await expectConfirmed(page)
  await page.close()

  await server.kill()
  try {
    const again = await browser.chat('ann', '&reset')
    await again.waitForURL((url) => !url.searchParams.has('reset'))
    await expect(again.getByText('kept by the server')).toHaveCount(0)
    await again.close()
  } finally {
    await server.run()
  }
  const online = await browser.chat('ann')
  await expectTexts(online, ['kept by the server'])
  expect(new URL(online.url()).searchParams.get('as')).toBe('ann')
  await expect(texts(online)).toHaveCount(1)
})

test('what was done is taken back and done again, and the other browser sees it', async ({ newBrowser }) => {
  const [ann, bob] = [await (await newBrowser()).chat('ann'), await (await newBrowser()).chat('bob')]
  await createChannel(ann, 'general')
  await post(ann, 'helo')
  await joinChannel(bob, 'general')
  await edit(ann, 'helo', 'hello')
  await expectTexts(bob, ['hello (edited)'])
  await ann.keyboard.press('Control+z')
  await expectTexts(bob, ['helo (edited)'])
  await ann.getByRole('button', { name: 'Redo' }).click()
  await expectTexts(bob, ['hello (edited)'])
  await ann.getByRole('button', { name: 'Undo' }).click()
  await ann.getByRole('button', { name: 'Undo' }).click()
  await expectTexts(bob, ['This message was deleted.'])
  await expect(ann.getByRole('button', { name: 'Undo' })).toBeDisabled()
})

test('what was written and not sent is there after a reload, and in no other tab', async ({ newBrowser }) => {
  const browser = await newBrowser()
  const page = await browser.chat('ann')
  await createChannel(page, 'general')
  const field = page.getByRole('textbox', { name: 'Message #general' })
  await field.fill('not sent yet')
  await page.reload()
  await expect(field).toHaveValue('not sent yet')
  const other = await browser.chat('ann')
  await expect(other.getByRole('textbox', { name: 'Message #general' })).toHaveValue('')
  await field.press('Enter')
  await expectTexts(page, ['not sent yet'])
  await expect(field).toHaveValue('')
})
