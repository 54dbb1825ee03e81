// Every message that holds a text, as it is typed: a query over the local state, offline, too.

import type { ReactNode } from 'react'
import { useDeferredValue, useState } from 'react'
import { useQuery, useStore } from 'syncline/react'
import { Drawer } from './drawer'
import { Found } from './found'
import { found } from './queries'

const MOST = 50
const SHORTEST = 2

export function Search({ onClose }: { onClose: () => void }): ReactNode {
  const [text, setText] = useState('')
  const asked = useDeferredValue(text.trim())
  return (
    <Drawer title="Search" onClose={onClose}>
      <input
        type="search"
        aria-label="Search messages"
        placeholder="Search messages"
        value={text}
        onChange={(event) => setText(event.target.value)}
        // biome-ignore lint/a11y/noAutofocus: the search was asked for
        autoFocus
      />
      {asked.length < SHORTEST ? null : <Results text={asked} />}
    </Drawer>
  )
}

function Results({ text }: { text: string }): ReactNode {
  const { subject } = useStore()
  const messages = useQuery(found(text, subject, MOST), [text, subject])
  const count = messages.length === MOST ? `the newest ${MOST}` : messages.length
  return (
    <>
      <p className="muted" role="status">
        {messages.length === 0 ? 'No message holds that.' : `Found: ${count}`}
      </p>
      <Found messages={messages} withChannel />
    </>
  )
}
