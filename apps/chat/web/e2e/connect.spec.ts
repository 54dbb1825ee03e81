// What a connection begins with.

import { expect, test } from './world'

test('the payload of the app is in its hello, and one that is too large is refused by name', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  const hellos: { payload?: unknown }[] = []
  browser.context.on('page', (page) =>
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => {
        const text = String(payload)
        if (text.startsWith('{"type":"hello"')) hellos.push(JSON.parse(text))
      }),
    ),
  )
  const status = (page: Awaited<ReturnType<typeof browser.lab>>) =>
    page.evaluate(async () => {
      const { state, reason } = (await window.lab).store.status
      return { state, reason }
    })

  const paid = await browser.lab('ann', { plan: 'paid' })
  await expect.poll(() => status(paid)).toMatchObject({ state: 'online' })
  expect(hellos.map(({ payload }) => payload)).toEqual([{ plan: 'paid' }])

  const long = await browser.lab('bob', 'x'.repeat(9_000))
  await expect.poll(() => status(long)).toMatchObject({ reason: 'connect-refused' })
})
