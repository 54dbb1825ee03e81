// A page without a user interface: a store in `window.lab`, for what no hand is quick enough to do.

import { openStore } from 'syncline'
import { events, model } from '../../src/model'

const params = new URLSearchParams(location.search)

const subject = params.get('as') ?? 'lab'

function openAt(storeId: string) {
  return openStore({
    storeId,
    subject,
    url: import.meta.env.VITE_SYNC_URL ?? '',
    auth: import.meta.env.VITE_AUTH_TOKEN,
    payload: JSON.parse(params.get('payload') ?? 'null'),
    durability: params.get('durability') === 'strict' ? 'strict' : 'normal',
    ...model,
  })
}

/** Channel and membership come first, so that anybody can post. */
async function open() {
  const store = await openAt(params.get('store') ?? 'lab')

  function post(text: string) {
    const postedAt = Date.now()
    return store.commit(events.messagePosted({ id: crypto.randomUUID(), channel: 'lab', text, postedAt }))
  }

  return {
    store,
    post,
    /** Another store, beside that of the page. */
    openAt,
    /** How large the memory of the page's wasm is: it never shrinks. */
    async wasmBytes(): Promise<number> {
      const { memory } = (await model.wasm.init()) as { readonly memory: WebAssembly.Memory }
      return memory.buffer.byteLength
    },
    /** Many messages as one commit. */
    postMany(texts: readonly string[]) {
      const postedAt = Date.now()
      return store.commit(
        ...texts.map((text) =>
          events.messagePosted({ id: crypto.randomUUID(), channel: 'lab', text, postedAt }),
        ),
      )
    },
    /** Joins the channel of the lab, and opens it if nobody has. */
    async join(): Promise<void> {
      store.commit(events.personJoined({ name: subject }))
      const has = () => store.query<{ id: string }>('SELECT id FROM channels').length > 0
      if (!has()) {
        try {
          await store.commit(events.channelCreated({ id: 'lab', name: 'lab' })).confirmed
          return
        } catch {
          // Somebody else was quicker.
        }
      }
      await store.commit(events.channelJoined({ channel: 'lab' })).confirmed
    },
    texts(): string[] {
      return store
        .query<{ text: string }>('SELECT text FROM messages ORDER BY posted_at')
        .map((row) => row.text)
    },
  }
}

export type Lab = Awaited<ReturnType<typeof open>>

declare global {
  interface Window {
    lab: Promise<Lab>
  }
}

window.lab = open()
