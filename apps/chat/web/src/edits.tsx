// What a message said before it was edited: the state does not know it any more, but the log does.

import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import { useStore } from 'syncline/react'
import { momentOf } from './time'

interface Version {
  readonly seq: number
  readonly time: number
  readonly text: string
}

export function Edits({ id, text }: { id: string; text: string }): ReactNode {
  const versions = useVersions(id, text)
  if (versions === undefined) return <p className="muted">Reading the log…</p>
  return (
    <ol className="edits" aria-label="Earlier versions">
      {versions.map(({ seq, time, text }) => (
        <li key={seq}>
          <time className="muted" dateTime={new Date(time).toISOString()}>
            {momentOf(time)}
          </time>
          <span>{text}</span>
        </li>
      ))}
    </ol>
  )
}

/** The versions that the log has, the last one included, which may be newer than the text that is shown. */
function useVersions(id: string, text: string): readonly Version[] | undefined {
  const store = useStore()
  const [versions, setVersions] = useState<readonly Version[]>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text is another version in the log
  useEffect(() => {
    const left = new AbortController()
    const read = async (): Promise<void> => {
      const found: Version[] = []
      for await (const event of store.events({ signal: left.signal })) {
        const isVersion = event.name === 'messagePosted' || event.name === 'messageEdited'
        if (isVersion && event.args.id === id) found.push({ ...event, text: event.args.text })
      }
      if (!left.signal.aborted) setVersions(found)
    }
    // Where the log cannot be read, there is nothing to show.
    read().catch(() => setVersions([]))
    return () => left.abort()
  }, [store, id, text])
  return versions
}
