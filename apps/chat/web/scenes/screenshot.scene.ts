// The picture of the chat in the README.

import { resolve } from 'node:path'
import { createChannel, expectConfirmed, expectTexts, joinChannel, post } from '../e2e/chat'
import { test } from '../e2e/world'

test.use({ store: 'analytical-engines' })

const PICTURE = resolve(import.meta.dirname, '../../../../docs/chat.png')

test('the chat', async ({ newBrowser, server }) => {
  const [ann, bob] = [await (await newBrowser()).chat('Ada'), await (await newBrowser()).chat('Grace')]
  await ann.setViewportSize({ width: 1240, height: 760 })
  await createChannel(ann, 'general')
  await createChannel(ann, 'release-notes', { kind: 'announcements' })
  await createChannel(ann, 'roadmap', { category: 'Product', kind: 'private' })
  await createChannel(ann, 'engine-room', { category: 'Engineering' })
  await createChannel(ann, 'punched-cards', { category: 'Engineering' })
  await joinChannel(bob, 'general')
  await joinChannel(bob, 'engine-room')
  await ann.getByRole('link', { name: 'engine-room' }).click()
  await post(ann, 'The same compiled rules now run in the browser and in the Durable Object.')
  await expectTexts(bob, ['The same compiled rules now run in the browser and in the Durable Object.'])
  await post(bob, 'So the log never holds an event that the rules reject?')
  await post(bob, 'Even when I was offline while the channel was renamed?')
  const answered = ann.getByRole('listitem').filter({ hasText: 'Even when I was offline' })
  await answered.hover()
  await answered.getByRole('button', { name: 'React' }).click()
  await answered.getByRole('toolbar').getByRole('button').first().click()
  await post(ann, 'Even then: your commit gets its verdict, and the page says why.')
  const pinned = ann.getByRole('listitem').filter({ hasText: 'The same compiled rules' })
  await pinned.hover()
  await pinned.getByRole('button', { name: 'Pin', exact: true }).click()
  await bob.getByRole('link', { name: 'general' }).click()
  for (const text of ['Is anybody here?', 'I shall look elsewhere.']) await post(bob, text)
  await ann.getByRole('link', { name: 'general, 2 unread' }).waitFor()
  await ann.getByRole('button', { name: 'About this channel' }).click()
  await expectConfirmed(ann)
  await server.kill()
  await post(ann, 'This one waits: the server is gone, and I go on writing.')
  await ann.getByText('Offline').first().waitFor()
  await ann.mouse.move(0, 0)
  await ann.screenshot({ path: PICTURE, animations: 'disabled' })
  await server.run()
  await expectConfirmed(ann)
})
