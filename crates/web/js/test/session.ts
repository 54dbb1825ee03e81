// A session for tests: what the wasm would say is up to them.

import type { Effects, PendingCommit, RejectedCommit, WasmPast, WasmSession } from '../src/wasm'

export const NOTHING: Effects = {
  persisted: [],
  confirmed: [],
  rejected: [],
  changed: [],
  pending: 0,
  rejections: 0,
  quarantined: 0,
}

export class FakeSession implements WasmSession {
  last = 0
  handed = 0
  rejection: string | undefined
  readonly effects = new Map<string, Effects>()
  readonly waiting: PendingCommit[] = []
  refused: RejectedCommit[] = []
  changed: string[] = []
  dismissed: number[] = []
  trap: Error | undefined
  rows: unknown[] = []
  readonly entries = new Map<string, string>()

  commit(_now: number, events: string): number {
    if (this.trap !== undefined) throw this.trap
    if (this.rejection !== undefined) throw this.rejection
    this.last += 1
    this.waiting.push({ number: this.last, session: 's1', events: JSON.parse(events) })
    this.changed = ['messages']
    return this.last
  }

  /** What it went on from. */
  readonly adopted: number[][] = []
  adopt(_message: string, state: Uint8Array): string {
    this.adopted.push([...state])
    return JSON.stringify({ ...NOTHING, changed: ['messages'] })
  }

  /** The events that take back any commit; none where it is empty. */
  inverse = ''
  take_inverse(): string | undefined {
    return this.inverse === '' ? undefined : this.inverse
  }

  hand_over_of(number: number): string {
    return `commit ${number}`
  }

  take_hand_over(): string | undefined {
    if (this.handed === this.last && this.dismissed.length === 0) return undefined
    this.handed = this.last
    return `commit ${this.last}, dismissed ${this.dismissed.splice(0).join()}`
  }

  hand_over_again(): string | undefined {
    return this.waiting.length === 0 ? undefined : `again ${this.waiting.length}`
  }

  journal_entry(session: string, number: number): string | undefined {
    return this.entries.get(`${session}:${number}`)
  }

  receive(message: string): string {
    if (this.trap !== undefined) throw this.trap
    const effects = this.effects.get(message)
    if (effects === undefined) throw JSON.stringify({ code: 'leader-failed', message: `what is ${message}?` })
    return JSON.stringify(effects)
  }

  query(): string {
    return linesOf(this.rows)
  }

  tables_read_by(): string {
    return '["messages"]'
  }

  pending(): string {
    return linesOf(this.waiting)
  }

  rejections(): string {
    return JSON.stringify(this.refused)
  }

  dismiss(counter: number): void {
    this.refused = this.refused.filter((rejected) => rejected.counter !== counter)
    this.dismissed.push(counter)
  }

  take_changed(): string {
    return JSON.stringify(this.changed.splice(0))
  }

  quarantined(): string {
    return '[]'
  }

  cursor(): number {
    return 5
  }

  epoch(): string {
    return 'e1'
  }

  free(): void {}
}

/** Its state is its seq. */
export class FakePast implements WasmPast {
  #seq: number
  constructor(seq: number) {
    this.#seq = seq
  }
  follow(entries: string, upto: number): boolean {
    const last = (JSON.parse(entries) as { seq: number }[]).at(-1)?.seq
    this.#seq = Math.min(last ?? this.#seq, upto)
    return last !== undefined && last < upto
  }
  seq(): number {
    return this.#seq
  }
  serialize(): Uint8Array {
    return new Uint8Array([this.#seq])
  }
  query(_sql: string): string {
    return '[]'
  }
  free(): void {}
}

/** The class of states as they were. */
export const FAKE_PASTS = {
  begin: () => new FakePast(0),
  open: (_: Uint8Array, seq: number) => new FakePast(seq),
}

/** A JSON array as the wasm writes it: an element a line. */
export function linesOf(rows: readonly unknown[]): string {
  return `[${rows.map((row) => JSON.stringify(row)).join(',\n')}]`
}
