// What a tab may take back: its own commits, by the events that the model names for that.

import type { AnyEvent } from './failure'

interface Step {
  /** Of the commit that the step takes back. */
  readonly number: number
  readonly events: readonly AnyEvent[]
}

/** More are not kept. */
const MOST = 200

/** Which list a commit's inverse goes to. */
export type Made = 'new' | 'undo' | 'redo'

export class UndoList {
  #undo: Step[] = []
  #redo: Step[] = []

  get canUndo(): boolean {
    return this.#undo.length > 0
  }

  get canRedo(): boolean {
    return this.#redo.length > 0
  }

  /** A commit was made; `inverse` where it can be taken back. What was undone before a new one is not redone. */
  committed(number: number, inverse: readonly AnyEvent[] | undefined, made: Made): void {
    if (made === 'new') this.#redo = []
    if (inverse === undefined) return
    const list = made === 'undo' ? this.#redo : this.#undo
    list.push({ number, events: inverse })
    if (list.length > MOST) list.shift()
  }

  /** The next step, which is gone with that. */
  take(direction: 'undo' | 'redo'): readonly AnyEvent[] | undefined {
    return (direction === 'undo' ? this.#undo : this.#redo).pop()?.events
  }

  /** The server has refused a commit: there is nothing of it to take back. */
  rejected(number: number): void {
    const stands = (step: Step): boolean => step.number !== number
    this.#undo = this.#undo.filter(stands)
    this.#redo = this.#redo.filter(stands)
  }
}
