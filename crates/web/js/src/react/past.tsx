// The state as it was, for the components below.

import type { ReactNode } from 'react'
import { createContext, useContext, useEffect, useRef, useState } from 'react'
import type { Rows } from '../computed'
import type { SynclineError } from '../failure'
import { errorOf } from '../failure'
import type { PastState } from '../past'
import type { SavedLog } from '../saved-log'
import { useStore } from './provider'

const RowsContext = createContext<Rows | undefined>(undefined)

/** `useQuery` of the components below reads this state; without one, that of now. Commits are of now, too. */
export function AsOf({ past, children }: { past: PastState | undefined; children: ReactNode }): ReactNode {
  return <RowsContext value={past}>{children}</RowsContext>
}

export function useRows(): Rows {
  const store = useStore()
  return useContext(RowsContext) ?? store
}

export interface Past {
  /** The state at the seq, or the one before it while that is made; none for no seq. */
  readonly past: PastState | undefined
  /** Why the state at the seq could not be made. */
  readonly error: SynclineError | undefined
}

/**
 * The state as it was at a seq, for a slider over the log: one is made at a time, and closed by itself. Of the
 * store, or of a log that was opened.
 */
export function usePast(seq: number | undefined, log?: SavedLog): Past {
  const here = useStore()
  const store = log ?? here
  const [found, setFound] = useState(NONE)
  const maker = useRef<PastMaker>(undefined)
  useEffect(() => {
    const made = new PastMaker((at) => store.at(at), setFound)
    maker.current = made
    return () => made.want(undefined)
  }, [store])
  // biome-ignore lint/correctness/useExhaustiveDependencies: of another store it is wanted anew
  useEffect(() => maker.current?.want(seq), [store, seq])
  useEffect(() => () => found.past?.close(), [found])
  return seq === undefined ? NONE : found
}

const NONE: Past = { past: undefined, error: undefined }

/** Makes the state that is wanted last. */
export class PastMaker {
  readonly #at: (seq: number) => Promise<PastState>
  readonly #tell: (past: Past) => void
  #wanted: number | undefined
  #isBusy = false

  constructor(at: (seq: number) => Promise<PastState>, tell: (past: Past) => void) {
    this.#at = at
    this.#tell = tell
  }

  want(seq: number | undefined): void {
    this.#wanted = seq
    if (seq === undefined) this.#tell(NONE)
    else if (!this.#isBusy) void this.#make(seq)
  }

  async #make(seq: number): Promise<void> {
    this.#isBusy = true
    const made = await this.#ask(seq)
    this.#isBusy = false
    if (this.#wanted === undefined) {
      made.past?.close()
      return
    }
    this.#tell(made)
    if (this.#wanted !== seq) void this.#make(this.#wanted)
  }

  async #ask(seq: number): Promise<Past> {
    try {
      return { past: await this.#at(seq), error: undefined }
    } catch (thrown) {
      return { past: undefined, error: errorOf(thrown) }
    }
  }
}
