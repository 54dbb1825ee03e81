// Ten thousand messages at the press of a button: to see how a long history feels.

import type { ReactNode } from 'react'
import { useState } from 'react'
import type { Store } from 'syncline'
import { freshId } from 'syncline'
import { useStore } from 'syncline/react'
import type { ChatEvent } from './model'
import { events } from './model'

const MESSAGES = 10_000
const BATCH = 250
const DAYS = 60
const DAY_MS = 24 * 60 * 60 * 1000

const CHANNELS = [
  ['design', 'Product', 'What it looks like, and why'],
  ['roadmap', 'Product', 'What comes when'],
  ['backend', 'Engineering', 'Servers, logs and locks'],
  ['frontend', 'Engineering', 'Everything in a browser'],
  ['incidents', 'Engineering', 'What went wrong, and what we learned'],
  ['lunch', 'Everyday', 'Where to, and when'],
] as const

const OPENINGS = ['I think', 'Looks as if', 'Reminder:', 'For the record,', 'Good news:', 'Question:']
const SUBJECTS = ['the new sidebar', 'the release', 'our second server', 'the sync test', 'the backlog']
const VERBS = ['is ready for review', 'needs another look', 'went out this morning', 'can wait until Monday']
const ENDINGS = ['.', ', thanks to everybody.', ', details in the ticket.', '. Any objections?', ' 🎉']

export function SampleData(): ReactNode {
  const store = useStore()
  const [done, setDone] = useState<number>()
  const add = async (): Promise<void> => {
    for await (const sent of commitAll(store)) setDone(sent)
  }
  return (
    <section aria-label="Sample data">
      <h3>Sample data</h3>
      <div className="line">
        <p className="muted" role="status">
          {done === undefined
            ? `${MESSAGES.toLocaleString()} messages in ${CHANNELS.length} channels, written in your name.`
            : `${done.toLocaleString()} of ${MESSAGES.toLocaleString()} messages are committed here.`}
        </p>
        <button type="button" disabled={done !== undefined} onClick={() => void add()}>
          Add sample data
        </button>
      </div>
    </section>
  )
}

/** Commits in batches, and lets the page breathe between them. */
async function* commitAll(store: Store): AsyncGenerator<number> {
  const taken = new Set(store.query<{ name: string }>('SELECT name FROM channels').map(({ name }) => name))
  const freeName = (name: string): string => (taken.has(name) ? `${name}-${freshId().slice(-4)}` : name)
  const channels = CHANNELS.map(([name, category, topic]) => ({
    id: freshId(),
    name: freeName(name),
    category,
    topic,
  }))
  store.commit(...channels.map((channel) => events.channelCreated(channel)))
  const from = Date.now() - DAYS * DAY_MS
  for (let sent = 0; sent < MESSAGES; sent += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, place) => message(sent + place, from, channels))
    store.commit(...batch)
    yield sent + BATCH
    await new Promise((resume) => setTimeout(resume))
  }
}

function message(number: number, from: number, channels: readonly { readonly id: string }[]): ChatEvent {
  const postedAt = from + Math.round((number / MESSAGES) * DAYS * DAY_MS)
  const { id: channel } = pick(channels, number)
  return events.messagePosted({ id: freshId(), channel, text: sentence(number), postedAt })
}

/** The same words for the same number, so that what was seen once can be searched for. */
function sentence(number: number): string {
  const part = (words: readonly string[], step: number): string => pick(words, Math.floor(number / step))
  return `${part(OPENINGS, 7)} ${part(SUBJECTS, 3)} ${part(VERBS, 5)}${part(ENDINGS, 11)} (${number + 1})`
}

function pick<T>(list: readonly T[], number: number): T {
  const found = list[number % list.length]
  if (found === undefined) throw new Error('there is nothing to pick from')
  return found
}
