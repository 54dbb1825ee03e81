// The log, for a view.

import { useEffect, useState } from 'react'
import { describe } from '../failure'
import type { LoggedEvent } from '../past'
import { useSource } from './source'

/** Of more, the oldest are dropped. */
const MOST = 5_000
/** Between two looks at what has come: a catch-up brings thousands at once. */
const TELL_MS = 100

/** The events of the log after a seq, the oldest first, as they come. */
export function useEvents(since: number): {
  readonly events: readonly LoggedEvent[]
  readonly failure: string | undefined
} {
  const { log } = useSource()
  const [events, setEvents] = useState<readonly LoggedEvent[]>([])
  const [failure, setFailure] = useState<string>()
  useEffect(() => {
    const left = new AbortController()
    let came: LoggedEvent[] = []
    let telling: ReturnType<typeof setTimeout> | undefined
    const tell = (): void => {
      telling = undefined
      const fresh = came
      came = []
      setEvents((before) => [...before, ...fresh].slice(-MOST))
    }
    const read = async (): Promise<void> => {
      for await (const event of log.events({ since, live: true, signal: left.signal })) {
        came.push(event)
        telling ??= setTimeout(tell, TELL_MS)
      }
    }
    setEvents([])
    setFailure(undefined)
    read().catch((thrown: unknown) => {
      if (!left.signal.aborted) setFailure(describe(thrown))
    })
    return () => {
      left.abort()
      clearTimeout(telling)
    }
  }, [log, since])
  return { events, failure }
}
