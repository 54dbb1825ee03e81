// Up to where this browser has read each channel. It is not in the log: there would be more of it than of messages.

import { useEffect } from 'react'
import { useLocal, useQuery, useStore } from 'syncline/react'
import { unread } from './queries'

interface Read {
  /** When this browser came to the team: what is older is not news. */
  readonly since: number
  /** Of each channel, when the newest message that was seen was posted. */
  readonly upto: Readonly<Record<string, number>>
}

const NOTHING: Read = { since: 0, upto: {} }

function useRead(): readonly [Read, (read: Read) => void] {
  const [read, setRead] = useLocal<Read>('read', NOTHING)
  useEffect(() => {
    if (read.since === 0) setRead({ since: Date.now(), upto: {} })
  }, [read, setRead])
  return [read, setRead]
}

/** How many messages of others nobody has seen here, up to 100. */
export function useUnread(channel: string): number {
  const { subject } = useStore()
  const [{ since, upto }] = useRead()
  const from = since === 0 ? Number.MAX_SAFE_INTEGER : Math.max(since, upto[channel] ?? 0)
  return useQuery(unread(channel, subject, from), [channel, subject, from]).length
}

/** Says that the channel was read up to the message that was posted then. */
export function useReading(channel: string, newest: number | undefined): void {
  const [read, setRead] = useRead()
  useEffect(() => {
    const note = (): void => {
      const isNews = newest !== undefined && newest > (read.upto[channel] ?? 0)
      if (isNews && read.since > 0 && document.visibilityState === 'visible')
        setRead({ ...read, upto: { ...read.upto, [channel]: newest } })
    }
    note()
    document.addEventListener('visibilitychange', note)
    return () => document.removeEventListener('visibilitychange', note)
  }, [channel, newest, read, setRead])
}
